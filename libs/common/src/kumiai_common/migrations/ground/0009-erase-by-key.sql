-- depends: 0002-leaving
-- Rows are found by the key, which begins with the municipality everywhere. Whoever looks through the table, because most of it
-- is this municipality's, passes what was erased before, page by page, in every transaction again.
alter function kumiai_erase(text, text, integer) set enable_seqscan = off;
alter function kumiai_erase(text, text, integer) set enable_bitmapscan = off;
