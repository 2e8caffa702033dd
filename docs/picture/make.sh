#!/bin/sh
# Draws docs/surfaces/*.png: what the bot really sends, by a Block Kit renderer, in headless Chromium. The surfaces come from
# TestSurfaces, which runs the bot between the made-up workspace and the made-up tenant.
# Needs go, node, npm and chromium.
set -eu
cd "$(dirname "$0")"
npm install --no-audit --no-fund >/dev/null
work=$(mktemp -d)
(cd ../.. && go test ./cmd/signpost -count=1 -run TestSurfaces -surfaces "$work" >/dev/null)
mkdir -p ../surfaces
for surface in "$work"/*.json; do
	name=$(basename "$surface" .json)
	width=820
	grep -q '"kind": "modal"' "$surface" && width=580
	node render.mjs "$surface" >"$work/$name.html"
	chromium --headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync \
		--user-data-dir="$work/chromium" --hide-scrollbars --screenshot="$PWD/../surfaces/$name.png" --window-size="$width,3000" "file://$work/$name.html" 2>/dev/null
	node trim.mjs "../surfaces/$name.png"
done
rm -rf "$work"
