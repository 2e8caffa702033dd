-- One schema for SQLite and PostgreSQL. {{identity}} is the only word that differs.
-- Times are milliseconds since 1970 in UTC, 0 where there is none. Booleans are 0 and 1.

CREATE TABLE cases (
    id            {{identity}},
    team          TEXT   NOT NULL,
    channel       TEXT   NOT NULL,
    message_ts    TEXT   NOT NULL,
    thread_ts     TEXT   NOT NULL,
    reply_ts      TEXT   NOT NULL DEFAULT '',
    author        TEXT   NOT NULL DEFAULT '',
    author_team   TEXT   NOT NULL DEFAULT '',
    ext_shared    BIGINT NOT NULL DEFAULT 0,
    errors        TEXT   NOT NULL DEFAULT '[]',
    primary_code  BIGINT NOT NULL DEFAULT 0,
    permalink     TEXT   NOT NULL DEFAULT '',
    state         TEXT   NOT NULL DEFAULT 'open',
    once_key      TEXT   NOT NULL,
    post_state    TEXT   NOT NULL DEFAULT '',
    subject       TEXT   NOT NULL DEFAULT '',
    sign_in_until BIGINT NOT NULL DEFAULT 0,
    edited_ts     TEXT   NOT NULL DEFAULT '',
    revision      BIGINT NOT NULL DEFAULT 0,
    lease_job     BIGINT NOT NULL DEFAULT 0,
    lease_until   BIGINT NOT NULL DEFAULT 0,
    created       BIGINT NOT NULL,
    updated       BIGINT NOT NULL
);

-- A message has one case, however often Slack delivers it.
CREATE UNIQUE INDEX cases_message ON cases (team, channel, message_ts);
CREATE UNIQUE INDEX cases_once_key ON cases (once_key);
CREATE INDEX cases_created ON cases (created);

CREATE TABLE case_codes (
    case_id BIGINT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    code    BIGINT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (case_id, code)
);

CREATE INDEX case_codes_code ON case_codes (code, created);

-- Who looked whom up. case_id is 0 where the lookup had no case (a command, the command line).
CREATE TABLE audit (
    id      {{identity}},
    at      BIGINT NOT NULL,
    asker   TEXT   NOT NULL,
    subject TEXT   NOT NULL,
    place   TEXT   NOT NULL,
    facts   TEXT   NOT NULL,
    why     TEXT   NOT NULL,
    case_id BIGINT NOT NULL DEFAULT 0
);

CREATE INDEX audit_at ON audit (at);

-- Small values that must outlive the process, such as the last run of a schedule.
CREATE TABLE cursors (
    name    TEXT   PRIMARY KEY,
    value   TEXT   NOT NULL,
    updated BIGINT NOT NULL
);
