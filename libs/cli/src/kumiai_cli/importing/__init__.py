"""`kumiai import`: a municipality's existing data, from CSV files through the front door (移行データの取込み)."""
