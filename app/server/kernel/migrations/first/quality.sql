-- Deviations, CAPAs and change controls. `record` is the exact JSON, `seq` the journal row behind it.

CREATE SCHEMA quality;

CREATE TABLE quality.deviations (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    number text NOT NULL,
    title text NOT NULL,
    status text NOT NULL,
    classification text,
    batch_id uuid,
    product_held boolean NOT NULL,
    occurred_at timestamptz NOT NULL,
    noticed_at timestamptz NOT NULL,
    due_on timestamptz NOT NULL,
    reported_by uuid NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_deviations_batch ON quality.deviations (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX idx_deviations_plant_status ON quality.deviations (plant_id, status);
CREATE UNIQUE INDEX idx_deviations_number ON quality.deviations (plant_id, number) WHERE number <> '';

GRANT USAGE ON SCHEMA quality TO batchwright_api;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA quality TO batchwright_api;
