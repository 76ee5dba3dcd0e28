-- Batches and what is written down while they are made. `record` is the exact JSON, `seq` the journal row behind it.

CREATE SCHEMA production;

CREATE TABLE production.products (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    name text NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);

CREATE TABLE production.master_records (
    id uuid PRIMARY KEY,
    product_id uuid NOT NULL,
    version integer NOT NULL,
    title text NOT NULL,
    status text NOT NULL,
    content_hash text NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL,
    UNIQUE (product_id, version)
);

-- By year of the server-made UUIDv7. Ids of other makes (derived ones of an import, a clock of 1970) lie in the
-- default partition, which is as good as any: no insert fails for its id (rulings A10, A11).
CREATE TABLE production.production_batches (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    batch_number text NOT NULL,
    product_id uuid NOT NULL,
    product_name text NOT NULL,
    master_id uuid NOT NULL,
    status text NOT NULL,
    line text NOT NULL,
    stage_key text NOT NULL,
    stage_name text NOT NULL,
    quantity numeric NOT NULL,
    unit text NOT NULL,
    planned_start timestamptz,
    start_date timestamptz,
    started_on text NOT NULL,           -- a start known only to the month or day, as its source has it
    end_date timestamptz,
    origin text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
) PARTITION BY RANGE (id);
CREATE INDEX idx_batches_batch_number ON production.production_batches (batch_number);
CREATE INDEX idx_batches_plant_status ON production.production_batches (plant_id, status);
CREATE INDEX idx_batches_plant_date ON production.production_batches (plant_id, created_at DESC);
CREATE INDEX idx_batches_master ON production.production_batches (master_id);
CREATE INDEX idx_batches_active ON production.production_batches (plant_id, status)
    WHERE status IN ('In Progress', 'Planned');

-- The first UUIDv7 of a year: its milliseconds since 1970, then zeros.
CREATE FUNCTION production.first_id_of(year integer) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC')) * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid
$$;
DO $$
BEGIN
    FOR year IN 2020 .. 2040 LOOP
        EXECUTE format('CREATE TABLE production.production_batches_%s PARTITION OF production.production_batches
                        FOR VALUES FROM (%L) TO (%L)', year,
                       production.first_id_of(year), production.first_id_of(year + 1));
    END LOOP;
END $$;
CREATE TABLE production.production_batches_other PARTITION OF production.production_batches DEFAULT;

CREATE TABLE production.batch_stages (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    batch_id uuid NOT NULL REFERENCES production.production_batches (id),
    stage_key text NOT NULL,
    stage_name text NOT NULL,
    position integer NOT NULL,
    status text NOT NULL,
    started_at timestamptz,
    completed_at timestamptz,
    officer_id uuid NOT NULL,
    notes text NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_stages_batch ON production.batch_stages (batch_id);

CREATE TABLE production.batch_steps (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    batch_id uuid NOT NULL,
    stage_key text NOT NULL,
    step_key text NOT NULL,
    status text NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_steps_batch ON production.batch_steps (batch_id);

CREATE TABLE production.review_exceptions (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    batch_id uuid NOT NULL,
    rule text NOT NULL,
    severity text NOT NULL,
    status text NOT NULL,
    raised_at timestamptz NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_exceptions_batch ON production.review_exceptions (batch_id);
CREATE INDEX idx_exceptions_open ON production.review_exceptions (plant_id, severity)
    WHERE status IN ('Open', 'Returned');

CREATE TABLE production.station_clearances (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    batch_id uuid NOT NULL,
    station_id uuid NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_clearances_batch ON production.station_clearances (batch_id);

CREATE TABLE production.metric_series (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    batch_id uuid NOT NULL,
    stage_key text NOT NULL,
    name text NOT NULL,
    rows bigint NOT NULL,
    first_at timestamptz NOT NULL,
    last_at timestamptz NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_series_batch ON production.metric_series (batch_id);

-- The points of the series. `position` is the row's place in its series; several metrics share one. A row has a point
-- for each channel, NULL where the source has no value: an empty row keeps its time, and the chunk's digest its bytes.
CREATE TABLE production.batch_metrics (
    time timestamptz NOT NULL,
    series_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    position bigint NOT NULL,
    metric_name text NOT NULL,
    metric_value numeric,
    PRIMARY KEY (series_id, metric_name, position, time)
) PARTITION BY RANGE (time);
CREATE INDEX idx_metrics_time ON production.batch_metrics USING brin (time);
DO $$
BEGIN
    FOR year IN 2015 .. 2040 LOOP
        EXECUTE format('CREATE TABLE production.batch_metrics_%s PARTITION OF production.batch_metrics
                        FOR VALUES FROM (%L) TO (%L)', year, make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC'),
                       make_timestamptz(year + 1, 1, 1, 0, 0, 0, 'UTC'));
    END LOOP;
END $$;
CREATE TABLE production.batch_metrics_other PARTITION OF production.batch_metrics DEFAULT;

CREATE TABLE production.datasets (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    name text NOT NULL,
    completed_at timestamptz NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);

GRANT USAGE ON SCHEMA production TO batchwright_api;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA production TO batchwright_api;
REVOKE UPDATE ON production.batch_metrics FROM batchwright_api;
