-- The ledger's truth (see server/store/store.ts). Three tables lie apart: payloads with submissions (public, for ever), sealed disclosures,
-- and event keys (small, erasable, to be kept out of long-lived backups). A row of events holds what server/store/bundle.ts says.

CREATE TABLE head (
  id smallint PRIMARY KEY CHECK (id = 1),
  size bigint NOT NULL,
  commits bigint NOT NULL,
  frontier bytea NOT NULL
);
INSERT INTO head VALUES (1, 0, 0, '');

CREATE TABLE submissions (
  index bigint PRIMARY KEY,
  source text COLLATE "C" NOT NULL,
  first bigint NOT NULL,
  count integer NOT NULL,
  time bigint NOT NULL,
  jws text NOT NULL,
  receipt text NOT NULL,
  UNIQUE (source, first)
);

CREATE TABLE sources (
  source text COLLATE "C" PRIMARY KEY,
  next bigint NOT NULL,
  last_time bigint NOT NULL
);

CREATE TABLE payloads (start bigint PRIMARY KEY, bundle bytea NOT NULL);
CREATE TABLE disclosures (start bigint PRIMARY KEY, bundle bytea NOT NULL);

-- In parts, so that destroying keys writes one part anew and not all of them; commits make the parts.
CREATE TABLE event_keys (start bigint PRIMARY KEY, bundle bytea NOT NULL) PARTITION BY RANGE (start);

CREATE TABLE attachments (
  index bigint PRIMARY KEY,
  name bytea NOT NULL UNIQUE,
  sealed bytea NOT NULL
);

CREATE TABLE index_keys (ordinal bigint PRIMARY KEY, tag bytea NOT NULL UNIQUE, key bytea NOT NULL);

CREATE TABLE anchors (
  size bigint NOT NULL,
  index_size bigint NOT NULL,
  number bigint NOT NULL,
  root bytea NOT NULL,
  index_root bytea NOT NULL,
  checkpoint text NOT NULL,
  block bigint NOT NULL,
  block_hash text NOT NULL,
  transaction text NOT NULL,
  time bigint NOT NULL,
  PRIMARY KEY (size, index_size)
);
CREATE INDEX anchors_by_number ON anchors (number);

-- The newest published checkpoint.
CREATE TABLE checkpoint (
  id smallint PRIMARY KEY CHECK (id = 1),
  size bigint NOT NULL,
  root bytea NOT NULL,
  note text NOT NULL
);

-- Who leads among the servers, until when by the database's clock, and the number of the lease, which grows with every change of the leader.
CREATE TABLE lead (
  id smallint PRIMARY KEY CHECK (id = 1),
  holder text NOT NULL,
  lease bigint NOT NULL,
  until timestamptz NOT NULL
);
INSERT INTO lead VALUES (1, '', 0, '-infinity');

-- What the records are bound to (names that begin with "bound "), what is about to be sent to the chain ("anchor intent"), and a row that whoever adds
-- index keys locks.
CREATE TABLE bindings (name text COLLATE "C" PRIMARY KEY, value bytea NOT NULL);
INSERT INTO bindings VALUES ('index keys', '');

-- Salted digests and ciphertext do not compress.
ALTER TABLE payloads ALTER COLUMN bundle SET STORAGE EXTERNAL;
ALTER TABLE disclosures ALTER COLUMN bundle SET STORAGE EXTERNAL;
ALTER TABLE event_keys ALTER COLUMN bundle SET STORAGE EXTERNAL;
ALTER TABLE attachments ALTER COLUMN sealed SET STORAGE EXTERNAL;
