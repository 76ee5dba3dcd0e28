-- The kernel: journals, commands, numbers. Runs as the owner; the API's role gets what the last lines grant.

-- batchwright:journals ------------------------------------------------------------------------------------------------

CREATE TABLE kernel.journal_heads (
    plant_id text PRIMARY KEY,
    epoch uuid NOT NULL,
    seq bigint NOT NULL,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32)
) WITH (fillfactor = 50);               -- the hottest row of a plant: room for its next version on the same page

-- The audit trail, the feed and the source of events, all one table (design, idea 3). `row` is what was hashed and
-- what stations get; every other column is derived from it inside `append_journal`, for questions.
CREATE TABLE kernel.audit_logs (
    plant_id text NOT NULL,
    seq bigint NOT NULL,
    epoch uuid NOT NULL,
    id uuid NOT NULL,                   -- the first 16 bytes of `hash`; the id of the event for other systems
    event_type text NOT NULL,
    entity_type text NOT NULL,
    entity_id uuid NOT NULL,
    batch_id uuid,
    user_id uuid,                       -- NULL: the workstation itself
    action text NOT NULL,
    old_values jsonb,
    new_values jsonb,
    ip_address inet,
    user_agent text,
    timestamp timestamptz NOT NULL,
    metadata jsonb NOT NULL,
    command_id uuid,
    row bytea NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (plant_id, seq)
) PARTITION BY RANGE (seq);
CREATE INDEX idx_audit_entity ON kernel.audit_logs (entity_type, entity_id);
CREATE INDEX idx_audit_user ON kernel.audit_logs (user_id, timestamp);
CREATE INDEX idx_audit_timestamp ON kernel.audit_logs USING brin (timestamp);
CREATE INDEX idx_audit_batch ON kernel.audit_logs (batch_id, seq);

CREATE FUNCTION kernel.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the rows of %.% are never changed or removed', TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

-- ALWAYS: a session that calls itself a replica is refused as well.
CREATE FUNCTION kernel.guard(target regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER only_append_truncate BEFORE TRUNCATE ON %s
                    FOR EACH STATEMENT EXECUTE FUNCTION kernel.refuse_change()', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER only_append_truncate', target);
    IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = target AND tgname = 'only_append') THEN
        EXECUTE format('CREATE TRIGGER only_append BEFORE UPDATE OR DELETE ON %s
                        FOR EACH ROW EXECUTE FUNCTION kernel.refuse_change()', target);
    END IF;
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER only_append', target);
END $$;

SELECT kernel.guard('kernel.audit_logs');

-- The one maker of journal partitions: a child gets its own TRUNCATE trigger, because the parent's does not guard it
-- (ruling A10). Attaching takes no lock that readers or writers of the parent wait for.
CREATE FUNCTION kernel.ensure_journal_partition(wanted bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    size CONSTANT bigint := 1000000;
    low bigint := (wanted / size) * size;
    child text := format('audit_logs_%s', lpad((low / size)::text, 6, '0'));
BEGIN
    IF to_regclass('kernel.' || child) IS NOT NULL THEN
        RETURN;
    END IF;
    PERFORM pg_advisory_xact_lock(hashtextextended('batchwright:partitions', 0));
    IF to_regclass('kernel.' || child) IS NOT NULL THEN
        RETURN;
    END IF;
    EXECUTE format('CREATE TABLE kernel.%I (LIKE kernel.audit_logs INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', child);
    EXECUTE format('ALTER TABLE kernel.audit_logs ATTACH PARTITION kernel.%I FOR VALUES FROM (%s) TO (%s)',
                   child, low, low + size);
    PERFORM kernel.guard(('kernel.' || child)::regclass);
    EXECUTE format('GRANT SELECT ON kernel.%I TO batchwright_api', child);
END $$;

-- What an administrator or a job calls ahead of time; the journal calls its own half by itself.
CREATE FUNCTION kernel.ensure_partitions() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    highest bigint := (SELECT coalesce(max(seq), 0) FROM kernel.journal_heads);
BEGIN
    PERFORM kernel.ensure_journal_partition(highest);
    PERFORM kernel.ensure_journal_partition(highest + 1000000);
END $$;

CREATE FUNCTION kernel.open_journal(journal text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO kernel.journal_heads (plant_id, epoch, seq, hash)
    VALUES (journal, gen_random_uuid(), 0, decode(repeat('00', 32), 'hex'))
    ON CONFLICT (plant_id) DO NOTHING
$$;

-- The only writer of the journal. Advancing the head is lock, counter and chain end in one: whoever comes second
-- waits here until the first has committed, so seq order is commit order (ruling A2).
-- hash = sha256(prev || plant || epoch || seq || sha256(row)), see app/wire/chain.py.
CREATE FUNCTION kernel.append_journal(journal text, entries bytea[], OUT first_seq bigint, OUT head_hash bytea)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    many integer := coalesce(array_length(entries, 1), 0);
    head kernel.journal_heads%ROWTYPE;
    fixed bytea;
    chain bytea;
    hashes bytea[] := '{}';
    each bytea;
    number bigint;
BEGIN
    IF many = 0 THEN
        RAISE EXCEPTION 'nothing to append to journal %', journal;
    END IF;
    UPDATE kernel.journal_heads SET seq = seq + many WHERE plant_id = journal RETURNING * INTO head;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no journal %', journal USING ERRCODE = 'foreign_key_violation';
    END IF;
    first_seq := head.seq - many + 1;
    -- The last fifth of a partition makes the next one.
    PERFORM kernel.ensure_journal_partition(head.seq + 200000);
    PERFORM kernel.ensure_journal_partition(head.seq);
    fixed := convert_to(journal, 'UTF8') || uuid_send(head.epoch);
    chain := head.hash;
    number := first_seq;
    FOREACH each IN ARRAY entries LOOP
        chain := sha256(chain || fixed || int8send(number) || sha256(each));
        hashes := hashes || chain;
        number := number + 1;
    END LOOP;
    INSERT INTO kernel.audit_logs (
        plant_id, seq, epoch, id, event_type, entity_type, entity_id, batch_id, user_id, action, old_values,
        new_values, ip_address, user_agent, timestamp, metadata, command_id, row, prev_hash, hash
    )
    SELECT journal, first_seq + line.ordinal - 1, head.epoch, encode(substr(line.hash, 1, 16), 'hex')::uuid,
           meta ->> 'event_type', meta ->> 'entity_type', (meta ->> 'entity_id')::uuid, (meta ->> 'batch_id')::uuid,
           (meta ->> 'user_id')::uuid, meta ->> 'action', meta -> 'old_values',
           convert_from(substr(line.row, line.tab + 1), 'UTF8')::jsonb, (meta ->> 'ip_address')::inet,
           meta ->> 'user_agent', (meta ->> 'timestamp')::timestamptz,
           meta - '{event_type,entity_type,entity_id,batch_id,user_id,action,old_values,ip_address,user_agent,timestamp,command_id}'::text[],
           (meta ->> 'command_id')::uuid, line.row, line.prev, line.hash
    FROM (
        SELECT u.row, u.hash, u.ordinal, position('\x09'::bytea IN u.row) AS tab,
               coalesce(lag(u.hash) OVER (ORDER BY u.ordinal), head.hash) AS prev
        FROM unnest(entries, hashes) WITH ORDINALITY AS u (row, hash, ordinal)
    ) AS line,
    -- OFFSET 0 keeps the planner from parsing `meta` anew for each of its fields.
    LATERAL (SELECT convert_from(substr(line.row, 1, line.tab - 1), 'UTF8')::jsonb AS meta OFFSET 0) AS parsed;
    UPDATE kernel.journal_heads SET hash = chain WHERE plant_id = journal;
    head_hash := chain;
END $$;

CREATE TABLE kernel.server_keys (
    key_id uuid PRIMARY KEY,
    public_key text NOT NULL UNIQUE,    -- hex; the private half lies in a file of the server, never here
    since timestamptz NOT NULL DEFAULT now()
);
SELECT kernel.guard('kernel.server_keys');

CREATE TABLE kernel.checkpoints (
    plant_id text NOT NULL,
    seq bigint NOT NULL,
    epoch uuid NOT NULL,
    hash bytea NOT NULL,
    key_id uuid NOT NULL REFERENCES kernel.server_keys (key_id),
    signature bytea NOT NULL,
    signed_at timestamptz NOT NULL,
    PRIMARY KEY (plant_id, seq)
);
SELECT kernel.guard('kernel.checkpoints');

SELECT kernel.ensure_partitions();
SELECT kernel.open_journal('system');

-- batchwright:commands ------------------------------------------------------------------------------------------------

-- Every command that had an outcome, with the very bytes that were sealed (ruling A4). Unpartitioned: `id` is unique.
-- One whose id was taken already by other content lies here under an id that follows from both: both are kept.
CREATE TABLE kernel.commands (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    station_id uuid NOT NULL,
    counter bigint NOT NULL,
    in_chain boolean NOT NULL,          -- whether it holds its counter's place in the station's chain
    author_id uuid,
    kind text NOT NULL,
    batch_id uuid,
    body bytea NOT NULL,
    prev text NOT NULL,
    key_id uuid NOT NULL,
    signature text NOT NULL,
    digest bytea NOT NULL,
    settled text NOT NULL CHECK (settled IN ('accepted', 'refused')),
    reason text,
    outcome text NOT NULL,              -- the answer as it was given, JSON
    seq bigint,
    received_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX idx_commands_chain ON kernel.commands (station_id, counter) WHERE in_chain;
CREATE INDEX idx_commands_refused ON kernel.commands (plant_id, received_at) WHERE settled = 'refused';
SELECT kernel.guard('kernel.commands');

-- What people must settle: refused, with author, time and reason.
CREATE VIEW kernel.refused_commands AS
SELECT id, plant_id, station_id, counter, author_id, kind, batch_id, reason, outcome, received_at, body
FROM kernel.commands WHERE settled = 'refused';

-- batchwright:numbers -------------------------------------------------------------------------------------------------

CREATE TABLE kernel.number_series (
    plant_id text NOT NULL,
    series text NOT NULL,
    year integer NOT NULL,
    next bigint NOT NULL,
    PRIMARY KEY (plant_id, series, year)
);

CREATE TABLE kernel.batch_numbers (
    plant_id text NOT NULL,
    number text NOT NULL,
    batch_id uuid NOT NULL,
    PRIMARY KEY (plant_id, number)
);

-- Up to where a journal lies in a backup (ruling A7).
CREATE TABLE kernel.backups (
    plant_id text NOT NULL,
    seq bigint NOT NULL,
    taken_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plant_id, seq)
);

-- One row per notice to a person. The key holds the partition column: PostgreSQL asks for it.
CREATE TABLE kernel.notifications (
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    plant_id text NOT NULL,
    topic text NOT NULL,
    body jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz,
    PRIMARY KEY (user_id, id)
) PARTITION BY HASH (user_id);
CREATE TABLE kernel.notifications_0 PARTITION OF kernel.notifications FOR VALUES WITH (modulus 4, remainder 0);
CREATE TABLE kernel.notifications_1 PARTITION OF kernel.notifications FOR VALUES WITH (modulus 4, remainder 1);
CREATE TABLE kernel.notifications_2 PARTITION OF kernel.notifications FOR VALUES WITH (modulus 4, remainder 2);
CREATE TABLE kernel.notifications_3 PARTITION OF kernel.notifications FOR VALUES WITH (modulus 4, remainder 3);

-- batchwright:grants --------------------------------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kernel FROM PUBLIC;
GRANT USAGE ON SCHEMA kernel TO batchwright_api;
GRANT SELECT ON ALL TABLES IN SCHEMA kernel TO batchwright_api;
GRANT EXECUTE ON FUNCTION kernel.append_journal, kernel.open_journal, kernel.ensure_partitions TO batchwright_api;
GRANT INSERT ON kernel.commands, kernel.checkpoints, kernel.server_keys,
    kernel.batch_numbers, kernel.backups TO batchwright_api;
GRANT INSERT, UPDATE ON kernel.number_series, kernel.notifications TO batchwright_api;
