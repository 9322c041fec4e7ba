-- Events whose keys are being destroyed: a row goes when their bytes are in no file any more, so that whoever leads next knows what is left to do.
CREATE TABLE destroying (index bigint PRIMARY KEY);

-- What ends by itself: sessions of the portal, proofs that were used (server/store/expiring.ts). Not logged: in no write-ahead log, so in no archive of
-- it and on no replica, and without a wait for the disk; after a crash of PostgreSQL it is empty.
CREATE UNLOGGED TABLE expiring (
  name bytea PRIMARY KEY,
  kind text COLLATE "C" NOT NULL,
  owner bytea NOT NULL,
  value bytea NOT NULL,
  -- Milliseconds since 1970, by the servers' clocks.
  until bigint NOT NULL
);
CREATE INDEX expiring_by_end ON expiring (until);
CREATE INDEX expiring_by_kind ON expiring (kind, until);
CREATE INDEX expiring_by_owner ON expiring (owner, until);
