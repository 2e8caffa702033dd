-- How a case ended, and what is remembered of it. handed is when it was handed over, and stays when it is solved later.
ALTER TABLE cases ADD COLUMN outcome     TEXT   NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN outcome_by  TEXT   NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN outcome_at  BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN handed      BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN fixed       TEXT   NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN fixed_cause TEXT   NOT NULL DEFAULT '';
ALTER TABLE cases ADD COLUMN answered_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN incident    BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN from_form   BIGINT NOT NULL DEFAULT 0;

CREATE INDEX cases_primary ON cases (team, primary_code, created);
CREATE INDEX cases_incident ON cases (incident);

-- Cases that were handed over before there was an outcome are not handed over again.
UPDATE cases SET
    outcome    = 'handed_over',
    outcome_at = (SELECT updated FROM cursors WHERE name = 'escalate ' || CAST(cases.id AS TEXT)),
    handed     = (SELECT updated FROM cursors WHERE name = 'escalate ' || CAST(cases.id AS TEXT))
WHERE state <> 'expired'
    AND EXISTS (SELECT 1 FROM cursors WHERE name = 'escalate ' || CAST(cases.id AS TEXT) AND value = 'done');

-- What else the errors of a case name: an app, a Conditional Access policy, the person's domain. created is the case's.
CREATE TABLE case_keys (
    case_id BIGINT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    kind    TEXT   NOT NULL,
    value   TEXT   NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (case_id, kind, value)
);

CREATE INDEX case_keys_value ON case_keys (kind, value, created);

-- Whether an answer helped: one judgement a person and case.
CREATE TABLE feedback (
    case_id BIGINT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    user_id TEXT   NOT NULL,
    code    BIGINT NOT NULL,
    helpful BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    PRIMARY KEY (case_id, user_id)
);

CREATE INDEX feedback_at ON feedback (at);

-- Storms. ended is 0 while one lasts. told is how many people its post shows.
CREATE TABLE incidents (
    id         {{identity}},
    team       TEXT   NOT NULL,
    code       BIGINT NOT NULL,
    kind       TEXT   NOT NULL,
    value      TEXT   NOT NULL,
    channel    TEXT   NOT NULL DEFAULT '',
    ts         TEXT   NOT NULL DEFAULT '',
    once_key   TEXT   NOT NULL,
    post_state TEXT   NOT NULL DEFAULT '',
    people     BIGINT NOT NULL DEFAULT 0,
    cases      BIGINT NOT NULL DEFAULT 0,
    started    BIGINT NOT NULL,
    last       BIGINT NOT NULL,
    ended      BIGINT NOT NULL DEFAULT 0,
    told       BIGINT NOT NULL DEFAULT 0
);

CREATE UNIQUE INDEX incidents_once_key ON incidents (once_key);

-- One storm of a kind at a time.
CREATE UNIQUE INDEX incidents_active ON incidents (team, code, kind, value) WHERE ended = 0;

-- Who has opened the App Home. digest is what was published to them last, in the caller's own terms.
CREATE TABLE homes (
    team    TEXT   NOT NULL,
    user_id TEXT   NOT NULL,
    opened  BIGINT NOT NULL,
    digest  TEXT   NOT NULL DEFAULT '',
    PRIMARY KEY (team, user_id)
);

CREATE INDEX homes_opened ON homes (opened);
