-- depends: linkage-summaries linkage-recall 0003-recall
-- What is sent again until it is acknowledged.
create index recall_notification_open on recall_notification (municipality, recall, inquirer, part)
  where acknowledged_at is null;
create index record_summary_open on record_summary (municipality, provider, since) where acknowledged_at is null;
