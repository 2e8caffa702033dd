-- Messages of ours beside the answers to cases (hand-overs, incidents, reports), so that they can be deleted in time.
-- case_id is the case that one tells of, 0 for none.
CREATE TABLE posts (
    id      {{identity}},
    channel TEXT   NOT NULL,
    ts      TEXT   NOT NULL,
    case_id BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL
);

CREATE UNIQUE INDEX posts_message ON posts (channel, ts);
CREATE INDEX posts_created ON posts (created);

-- Incidents whose end has been told are not looked at again.
ALTER TABLE incidents ADD COLUMN closed BIGINT NOT NULL DEFAULT 0;
