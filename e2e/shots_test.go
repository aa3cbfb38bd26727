package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Pictures of both views in both themes, wide and narrow, for people to look at:
// go test -run Screenshots -args -shots DIR. The test itself checks only that
// nothing sticks out sideways.
func TestScreenshots(t *testing.T) {
	dir := *shots
	if dir == "" {
		dir = t.TempDir()
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	grace := newPerson(t, a.addr).signIn("Grace Hopper")
	edsger := newPerson(t, a.addr).signIn("Edsger")
	for _, line := range []struct {
		who        *person
		nick, text string
	}{
		{ada, "Ada", "Good morning. Has anybody watched the poller overnight?"},
		{grace, "Grace Hopper", "Ten thousand sockets, and it slept like a baby."},
		{grace, "Grace Hopper", "No goroutine per connection. I counted twice."},
		{edsger, "Edsger", "Did you prove it, or did you test it? Testing shows the presence of bugs, never their absence, and so I should like to see an argument before I believe it."},
		{ada, "Ada", "<script>alert('both')</script> :)"},
		{edsger, "Edsger", "צהריים טובים, and https://example.org/a-very-long-address-without-any-place-to-break-it-because-nobody-thought-of-that-when-it-was-made"},
	} {
		line.who.say(line.text)
		ada.hears(line.nick, line.text)
	}
	edsger.click("#signout")
	ada.seesEvent("Edsger left")

	for _, theme := range []string{"light", "dark"} {
		for _, width := range []int64{1280, 390} {
			shoot := func(p *person, view string) {
				p.t.Helper()
				p.theme(theme)
				height, scale, mobile := int64(800), 1.0, false
				if width < 500 {
					height, scale, mobile = 844, 2, true
				}
				call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
					Width: width, Height: height, DeviceScaleFactor: scale, Mobile: mobile,
				})
				p.sees(`innerWidth === %d && document.documentElement.scrollWidth <= innerWidth`, width)
				p.picture(filepath.Join(dir, fmt.Sprintf("%s-%s-%d.png", view, theme, width)))
			}
			p := newPerson(t, a.addr)
			p.theme(theme)
			p.open()
			p.asksWho()
			shoot(p, "signin")
			p.keys(kb.Enter)
			p.sees(`document.getElementById("nick-error").textContent`)
			shoot(p, "signin-error")
			shoot(ada, "room")
			grace.offline(true)
			grace.state("Offline")
			grace.say("This one has to wait.")
			shoot(grace, "room-offline")
			grace.offline(false)
			grace.state("Connected")
			grace.sees(`document.querySelectorAll("#pending li").length === 0`)
			p.close()
		}
	}
}

func (p *person) picture(file string) {
	p.t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	if err := os.WriteFile(file, png, 0o644); err != nil {
		p.t.Fatal(err)
	}
	p.t.Log(file)
}
