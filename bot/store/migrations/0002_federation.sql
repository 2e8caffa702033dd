-- The domains of the tenant as somebody approved them last. trust is the trust in the caller's JSON, '' where the domain
-- has none or it was not read. approved_by is '' where a domain was taken as it was seen first.
CREATE TABLE trust_approvals (
    domain      TEXT   PRIMARY KEY,
    federated   BIGINT NOT NULL DEFAULT 0,
    trust       TEXT   NOT NULL DEFAULT '',
    approved_by TEXT   NOT NULL DEFAULT '',
    approved    BIGINT NOT NULL
);

-- What the health posts have said and is still so. told is the slot of the post that said it last.
CREATE TABLE trust_findings (
    finding_key     TEXT   PRIMARY KEY,
    domain          TEXT   NOT NULL,
    id              TEXT   NOT NULL,
    about           TEXT   NOT NULL DEFAULT '',
    severity        TEXT   NOT NULL,
    security        BIGINT NOT NULL DEFAULT 0,
    step            BIGINT NOT NULL DEFAULT 0,
    says            TEXT   NOT NULL,
    rests           TEXT   NOT NULL DEFAULT '',
    since           BIGINT NOT NULL,
    told            BIGINT NOT NULL DEFAULT 0,
    mended          BIGINT NOT NULL DEFAULT 0,
    quiet_until     BIGINT NOT NULL DEFAULT 0,
    acknowledged_by TEXT   NOT NULL DEFAULT '',
    approved        BIGINT NOT NULL DEFAULT 0,
    did             TEXT   NOT NULL DEFAULT ''
);

-- One post a slot. message is what is to be posted, in the caller's JSON, until it is.
CREATE TABLE trust_posts (
    slot        BIGINT PRIMARY KEY,
    once_key    TEXT   NOT NULL,
    channel     TEXT   NOT NULL DEFAULT '',
    message     TEXT   NOT NULL DEFAULT '',
    post_state  TEXT   NOT NULL DEFAULT '',
    ts          TEXT   NOT NULL DEFAULT '',
    lease_until BIGINT NOT NULL DEFAULT 0,
    created     BIGINT NOT NULL
);

CREATE UNIQUE INDEX trust_posts_once_key ON trust_posts (once_key);

-- Counts the changes of what is known, so that a scan does not write over what somebody pressed while it ran.
CREATE TABLE trust_revision (
    id       BIGINT PRIMARY KEY,
    revision BIGINT NOT NULL
);

INSERT INTO trust_revision (id, revision) VALUES (1, 0);
