#!/bin/sh
# Draws docs/answer.png: the blocks that the bot sends, by a Block Kit renderer, in headless Chromium.
# Needs go, node, npm and chromium. The tenant in it is the demo's.
set -eu
cd "$(dirname "$0")"
npm install --no-audit --no-fund >/dev/null
at=$(date -u -d '9 minutes ago' '+%Y-%m-%d %H:%M:%SZ')
paste="AADSTS50076: Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication to access '00000003-0000-0000-c000-000000000000'. Trace ID: 0a64d1f7-8c2e-4b59-9d3a-71b5e2c40a00 Correlation ID: 3b1c6f0e-52d4-4f0a-9a77-0d5c1f6b2a01 Timestamp: $at"
(cd ../.. && go run ./cmd/signpost explain --tenant demo --format blocks "$paste") >answer.json
PASTE="$paste" node render.mjs answer.json >thread.html
chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync \
	--user-data-dir="$(mktemp -d)" --hide-scrollbars --screenshot=../answer.png --window-size=820,1480 "file://$PWD/thread.html" 2>/dev/null
rm -f answer.json thread.html
