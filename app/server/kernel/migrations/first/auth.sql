-- Plants, workstations, people and their keys; sessions and second factors.
--
-- Four tables hold records of the journal (`record` is the exact JSON, `seq` the journal row that last changed it):
-- plants, stations, persons, signing_keys. Everything a law may ask to be deleted lies beside them (ruling A5).

CREATE SCHEMA auth;

CREATE TABLE auth.plants (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL UNIQUE,
    name text NOT NULL,
    site text NOT NULL,
    timezone text NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);

CREATE TABLE auth.stations (
    id uuid PRIMARY KEY,
    plant_id text NOT NULL,
    name text NOT NULL,
    area text NOT NULL,
    public_key text NOT NULL,
    status text NOT NULL,
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_stations_plant ON auth.stations (plant_id, status);

CREATE TABLE auth.persons (
    id uuid PRIMARY KEY,
    role text NOT NULL,
    plants text[] NOT NULL,
    active boolean NOT NULL,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_users_role ON auth.persons (role);
CREATE INDEX idx_users_plant_id ON auth.persons USING gin (plants);

CREATE TABLE auth.signing_keys (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    station_id uuid NOT NULL,
    public_key text NOT NULL,
    enrolled_at timestamptz NOT NULL,
    revoked_at timestamptz,
    record text NOT NULL,
    revision integer NOT NULL,
    seq bigint NOT NULL
);
CREATE INDEX idx_signing_keys_user ON auth.signing_keys (user_id, station_id);

-- What people are called and how they prove themselves: never in the journal, kept under retention rules.
CREATE TABLE auth.people (
    user_id uuid PRIMARY KEY,
    login text NOT NULL CHECK (login = lower(login) AND login <> ''),
    name text NOT NULL,
    email text NOT NULL DEFAULT '',
    department text NOT NULL DEFAULT '',
    password_hash text,
    password_changed_at timestamptz,
    must_change_password boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX idx_people_login ON auth.people (login);
CREATE INDEX idx_users_email ON auth.people (email);
CREATE INDEX idx_users_department ON auth.people (department);

-- One row per refresh token. A family is one sign-in; using a spent token again ends the family (security 19, 20).
CREATE TABLE auth.auth_sessions (
    id uuid PRIMARY KEY,
    family_id uuid NOT NULL,
    user_id uuid NOT NULL,
    plant_id text NOT NULL,
    station_id uuid,
    token_hash text NOT NULL UNIQUE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    absolute_expires_at timestamptz NOT NULL,
    rotated_at timestamptz,
    successor_id uuid,
    successor_used_at timestamptz,
    revoked_at timestamptz,
    ip_address inet,
    user_agent text
);
CREATE INDEX idx_auth_sessions_family ON auth.auth_sessions (family_id);
CREATE INDEX idx_auth_sessions_user ON auth.auth_sessions (user_id, created_at);

-- Access tokens that were ended before their time. Rows past `expires_at` say nothing any more.
CREATE TABLE auth.revoked_tokens (
    jti text PRIMARY KEY,
    expires_at timestamptz NOT NULL
);

CREATE TABLE auth.mfa_devices (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    type text NOT NULL,
    secret bytea,                       -- encrypted by the authentication service
    phone_number text,
    verified boolean NOT NULL DEFAULT false,
    last_step bigint,                   -- a code works once: only a later time step is accepted (security 11)
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX idx_mfa_devices_user ON auth.mfa_devices (user_id);

CREATE TABLE auth.enrolment_codes (
    id uuid PRIMARY KEY,
    code_hash text NOT NULL UNIQUE,
    plant_id text NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    station_id uuid
);

CREATE TABLE auth.password_resets (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    token_hash text NOT NULL UNIQUE,
    started_by uuid,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- Failed tries per account, per address and per station; `subject` says of what.
CREATE TABLE auth.throttles (
    subject text PRIMARY KEY,
    failures integer NOT NULL DEFAULT 0,
    blocked_until timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Records of the journal are changed, never deleted.
GRANT USAGE ON SCHEMA auth TO batchwright_api;
GRANT SELECT, INSERT, UPDATE ON ALL TABLES IN SCHEMA auth TO batchwright_api;
GRANT DELETE ON auth.people, auth.auth_sessions, auth.revoked_tokens, auth.mfa_devices, auth.enrolment_codes,
    auth.password_resets, auth.throttles TO batchwright_api;
