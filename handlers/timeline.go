package handlers

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"signpost/graph/facts"
)

// How much a timeline shows: the days to both sides of now, and the domains.
const (
	timelineAhead  = 90
	timelineBehind = 10
	timelineRows   = 20
	timelineLeast  = 2 // fewer ends are said faster in words
	maxAlt         = 1900
)

// timelineEnd is a domain in a timeline: until when its signing certificates last.
type timelineEnd struct {
	domain string
	now    time.Time // end of the current certificate; zero where it is not known
	last   time.Time // end of the last one
}

// Timeline draws when the signing certificates of the domains end, as a PNG, and says the same in words. It is nil where fewer
// than two domains come to their end within 90 days. warnDays are marked.
func Timeline(report facts.TrustReport, warnDays []int, now time.Time) (picture []byte, alt string, err error) {
	all := timelineEnds(report, now)
	if len(all) < timelineLeast {
		return nil, "", nil
	}
	alt = timelineAlt(all, now)
	more := max(0, len(all)-timelineRows)
	picture, err = drawTimeline(all[:len(all)-more], more, warnDays, now)
	return picture, alt, err
}

// timelineEnds are the domains whose last certificate ends within the days shown, the next to end first.
func timelineEnds(report facts.TrustReport, now time.Time) []timelineEnd {
	var all []timelineEnd
	for _, t := range report.Domains {
		e := timelineEnd{domain: trustName(t), last: lastEnd(t)}
		if e.last.IsZero() || e.last.After(now.AddDate(0, 0, timelineAhead)) {
			continue
		}
		for _, c := range t.Certificates {
			if c.Slot == "current" && c.Problem == "" {
				e.now = c.NotAfter
			}
		}
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b timelineEnd) int { return a.last.Compare(b.last) })
	return all
}

// timelineAlt is the picture in words.
func timelineAlt(all []timelineEnd, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Signing certificates of %d federated domains end within %d days of %s: ", len(all), timelineAhead, now.UTC().Format("2006-01-02"))
	for i, e := range all {
		part := fmt.Sprintf("%s on %s, %s", short(Clean(e.domain), 80), e.last.UTC().Format("2006-01-02"), e.says(now))
		rest := fmt.Sprintf("; and %d more", len(all)-i)
		if utf8.RuneCountInString(b.String())+len(part)+len(rest)+2 > maxAlt {
			b.WriteString(rest)
			break
		}
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(part)
	}
	return b.String() + "."
}

// says is how far away the end is.
func (e timelineEnd) says(now time.Time) string {
	const day = 24 * time.Hour
	if !e.last.After(now) {
		if now.Sub(e.last) < day {
			return "ended less than a day ago"
		}
		return "ended " + plural(int(now.Sub(e.last)/day), "day", "days") + " ago"
	}
	return "in " + daysLeft(e.last, now)
}

// The colours stand on a ground of their own, so that they are the same in Slack's light and dark themes. Bars differ in their
// words as well as in colour.
var timelineColours = struct{ ground, edge, text, faint, grid, now, good, soon, bad color.RGBA }{
	ground: color.RGBA{0xfa, 0xfa, 0xf7, 0xff},
	edge:   color.RGBA{0xc9, 0xcc, 0xd1, 0xff},
	text:   color.RGBA{0x1d, 0x1c, 0x1d, 0xff},
	faint:  color.RGBA{0x5c, 0x5f, 0x66, 0xff},
	grid:   color.RGBA{0xdd, 0xdf, 0xe3, 0xff},
	now:    color.RGBA{0x1f, 0x3a, 0x5f, 0xff},
	good:   color.RGBA{0x3f, 0x7c, 0xac, 0xff},
	soon:   color.RGBA{0xc7, 0x7d, 0x0a, 0xff},
	bad:    color.RGBA{0xb0, 0x2a, 0x30, 0xff},
}

// colour is that of the severity that an end has without a successor.
func (e timelineEnd) colour(now time.Time) color.RGBA {
	const day = 24 * time.Hour
	switch left := e.last.Sub(now); {
	case left <= 15*day:
		return timelineColours.bad
	case left <= 35*day:
		return timelineColours.soon
	}
	return timelineColours.good
}

// Sizes in pixels; Slack shows the picture at about half its width.
const (
	timelineWidth  = 1600
	timelineMargin = 40
	timelineLabel  = 430 // the column of domain names
	timelineAfter  = 240 // behind the last day, for words
	timelineTop    = 170
	timelineRow    = 58
	timelineBar    = 30
	timelineFoot   = 110
)

// canvas is a picture with its two faces.
type canvas struct {
	*image.RGBA
	text, title font.Face
}

func drawTimeline(rows []timelineEnd, more int, warnDays []int, now time.Time) ([]byte, error) {
	text, err := face(goregular.TTF, 26)
	if err != nil {
		return nil, err
	}
	title, err := face(gobold.TTF, 34)
	if err != nil {
		return nil, err
	}
	k := timelineColours
	height := timelineTop + len(rows)*timelineRow + timelineFoot
	c := canvas{image.NewRGBA(image.Rect(0, 0, timelineWidth, height)), text, title}
	c.fill(c.Bounds(), k.edge)
	c.fill(c.Bounds().Inset(2), k.ground)
	c.write(c.title, timelineMargin, 66, k.text, "When signing certificates end, as of "+now.UTC().Format("2 January 2006"))

	left, right := timelineMargin+timelineLabel, timelineWidth-timelineMargin-timelineAfter
	x := func(t time.Time) int {
		days := t.Sub(now).Hours() / 24
		days = max(-timelineBehind, min(days, timelineAhead))
		return left + int((days+timelineBehind)/(timelineAhead+timelineBehind)*float64(right-left))
	}
	bottom := timelineTop + len(rows)*timelineRow
	c.marks(warnDays, now, x, bottom)
	for i, e := range rows {
		middle := timelineTop + i*timelineRow + timelineRow/2
		c.write(c.text, timelineMargin, middle+9, k.text, c.fit(Clean(e.domain), timelineLabel-30))
		end, begin := x(e.last), x(now)
		if !e.last.After(now) {
			begin, end = end, begin // it has ended: the gap up to now
			c.frame(image.Rect(begin, middle-timelineBar/2, max(end, begin+6), middle+timelineBar/2), k.bad)
			end = x(now)
		} else {
			c.fill(image.Rect(begin, middle-timelineBar/2, max(end, begin+6), middle+timelineBar/2), e.colour(now))
			if change := x(e.now); e.now.After(now) && e.now.Before(e.last) { // where the next certificate takes over
				c.fill(image.Rect(change-2, middle-timelineBar/2, change+2, middle+timelineBar/2), k.ground)
			}
			end = max(end, begin+6)
		}
		words := e.last.UTC().Format("2 Jan") + ", " + e.says(now)
		size := font.MeasureString(c.text, words).Ceil()
		c.fill(image.Rect(end+6, middle-18, end+18+size, middle+18), k.ground) // no line runs through the words
		c.write(c.text, end+12, middle+9, k.text, words)
	}
	c.fill(image.Rect(x(now)-2, timelineTop-14, x(now)+2, bottom+4), k.now)
	foot := "A gap in a bar is where the next certificate takes over; an empty bar has ended."
	if more > 0 {
		foot += fmt.Sprintf(" Not shown: %d more, which end later.", more)
	}
	c.write(c.text, timelineMargin, bottom+46, k.faint, foot)
	c.write(c.text, timelineMargin, bottom+84, k.faint, "Bars reach to the end of the last certificate that Entra holds: red 15 days or less, amber 35 or less.")
	var b bytes.Buffer
	if err := png.Encode(&b, c.RGBA); err != nil {
		return nil, fmt.Errorf("draw the timeline: %w", err)
	}
	return b.Bytes(), nil
}

// marks draws the lines of the warn days with their labels, as far as they do not run into each other.
func (c canvas) marks(warnDays []int, now time.Time, x func(time.Time) int, bottom int) {
	k := timelineColours
	const gap = 16
	label := func(at int, s string, colour color.RGBA, free int) (right int, ok bool) {
		size := font.MeasureString(c.text, s).Ceil()
		if at-size/2 < free {
			return free, false
		}
		c.write(c.text, at-size/2, timelineTop-28, colour, s)
		return at + size/2 + gap, true
	}
	c.write(c.text, timelineMargin, timelineTop-28, k.faint, "Domain")
	free, _ := label(x(now), "today", k.now, 0)
	days := slices.Clone(warnDays)
	slices.Sort(days)
	for _, d := range slices.Compact(days) {
		if d >= timelineAhead {
			continue
		}
		at := x(now.AddDate(0, 0, d))
		c.fill(image.Rect(at-1, timelineTop-14, at+1, bottom), k.grid)
		if right, ok := label(at, fmt.Sprintf("%d", d), k.faint, free); ok {
			free = right
		}
	}
	at := x(now.AddDate(0, 0, timelineAhead))
	c.fill(image.Rect(at-1, timelineTop-14, at+1, bottom), k.grid)
	label(at, fmt.Sprintf("%d days", timelineAhead), k.faint, free)
}

func face(ttf []byte, size float64) (font.Face, error) {
	f, err := opentype.Parse(ttf)
	if err != nil {
		return nil, fmt.Errorf("read the font of the timeline: %w", err)
	}
	return opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72, Hinting: font.HintingFull})
}

func (c canvas) fill(r image.Rectangle, colour color.RGBA) {
	draw.Draw(c.RGBA, r, image.NewUniform(colour), image.Point{}, draw.Src)
}

// frame is a bar that is empty inside.
func (c canvas) frame(r image.Rectangle, colour color.RGBA) {
	c.fill(r, colour)
	c.fill(r.Inset(4), timelineColours.ground)
}

func (c canvas) write(f font.Face, x, y int, colour color.RGBA, s string) {
	d := font.Drawer{Dst: c.RGBA, Src: image.NewUniform(colour), Face: f, Dot: fixed.P(x, y)}
	d.DrawString(s)
}

// fit cuts a domain's name to a width, in its middle: names of one company differ at their start, and whose they are stands at the end.
func (c canvas) fit(s string, width int) string {
	if font.MeasureString(c.text, s).Ceil() <= width {
		return s
	}
	r := []rune(s)
	for keep := len(r) - 1; keep > 0; keep-- {
		start := (keep*3 + 4) / 5
		if cut := string(r[:start]) + "…" + string(r[len(r)-(keep-start):]); font.MeasureString(c.text, cut).Ceil() <= width {
			return cut
		}
	}
	return ""
}
