package main

import (
	"fmt"
	"math"
	"strings"
)

// The chart is drawn by hand: bars on a logarithmic scale, a group for each
// suite.
const (
	chartLeft   = 250 // of the bars, in pixels
	chartWidth  = 560 // of the scale
	barHeight   = 13
	groupGap    = 18
	chartHead   = 46
	scaleFrom   = 0.9
	scaleTo     = 60.0
	chartColour = "#c2410c" // ours
	otherColour = "#94a3b8"
)

// x is where a ratio is on the scale.
func chartX(ratio float64) float64 {
	ratio = min(max(ratio, scaleFrom), scaleTo)
	return chartLeft + chartWidth*math.Log(ratio/scaleFrom)/math.Log(scaleTo/scaleFrom)
}

// chart draws the suites of the main table that are ratios.
func (all *results) chart() string {
	var body strings.Builder
	y := chartHead
	for _, name := range mainTable {
		r := all.find(name)
		if r == nil || r.mode == "idle" {
			continue
		}
		fmt.Fprintf(&body, `<text x="12" y="%d" font-weight="bold">%s</text>`+"\n", y+10, r.title)
		y += 16
		for _, c := range columns {
			for _, server := range c.servers {
				if v, ok := r.figure(server); ok {
					drawBar(&body, y, c.title, v)
					y += barHeight + 2
				}
			}
		}
		y += groupGap
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", chartLeft+chartWidth+70, y)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/><text x="12" y="18" font-size="14">Server CPU time per message, as a multiple of the C limit's (shorter is better, logarithmic)</text>`+"\n")
	for _, tick := range []float64{1, 2, 5, 10, 20, 50} {
		x := chartX(tick)
		fmt.Fprintf(&b, `<line x1="%.0f" y1="32" x2="%.0f" y2="%d" stroke="#e2e8f0"/><text x="%.0f" y="32" text-anchor="middle" fill="#64748b">%g</text>`+"\n", x, x, y-groupGap, x, tick)
	}
	return b.String() + body.String() + "</svg>\n"
}

func drawBar(b *strings.Builder, y int, title string, v float64) {
	colour := otherColour
	if title == columns[0].title {
		colour = chartColour
	}
	from, to := chartX(scaleFrom), chartX(v)
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d" fill="#334155">%.2f</text>`+"\n",
		chartLeft-6, y+10, title, from, y, to-from, barHeight, colour, to+4, y+10, v)
}
