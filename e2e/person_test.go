package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// A person is one tab of a browser that nobody else shares cookies with.
type person struct {
	t     *testing.T
	ctx   context.Context
	close context.CancelFunc
	addr  string

	mu     sync.Mutex
	faults []string // exceptions, dialogs and breaches of the content security policy
}

// newPerson opens an empty tab in a browser context of its own.
func newPerson(t *testing.T, addr string) *person {
	t.Helper()
	return openTab(t, browser, addr, chromedp.WithNewBrowserContext())
}

// anotherTab opens the same page once more for the same person.
func (p *person) anotherTab() *person {
	p.t.Helper()
	q := openTab(p.t, p.ctx, p.addr)
	q.open()
	return q
}

func openTab(t *testing.T, parent context.Context, addr string, options ...chromedp.ContextOption) *person {
	t.Helper()
	p := &person{t: t, addr: addr}
	p.ctx, p.close = chromedp.NewContext(parent, append(options, chromedp.WithListener(p.watch))...)
	t.Cleanup(func() {
		p.close()
		p.mu.Lock()
		defer p.mu.Unlock()
		for _, f := range p.faults {
			t.Errorf("the browser reports: %s", f)
		}
	})
	p.do(chromedp.EmulateViewport(1280, 800))
	call(p, emulation.SetLocaleOverride, emulation.SetLocaleOverrideParams{Locale: "en-GB"})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	return p
}

func (p *person) watch(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		fault = fmt.Sprint("exception: ", e.ExceptionDetails.Text, " ", e.ExceptionDetails.Exception)
	case *page.EventJavascriptDialogOpening:
		fault = "a dialog opened: " + e.Message
	case *log.EventEntryAdded:
		if e.Entry.Source == "security" {
			fault = e.Entry.Text
		}
	}
	if fault != "" {
		p.mu.Lock()
		p.faults = append(p.faults, fault)
		p.mu.Unlock()
	}
}

func (p *person) do(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	// The first run of a context must not be bounded: it would end the tab.
	if chromedp.FromContext(p.ctx).Target == nil {
		ctx = p.ctx
	}
	if err := chromedp.Do(ctx, steps...); err != nil {
		p.t.Fatal(err)
	}
}

func (p *person) open() {
	p.t.Helper()
	p.do(chromedp.Navigate("http://" + p.addr + "/"))
}

// js returns the value of an expression in the page.
func js[T any](p *person, format string, args ...any) T {
	p.t.Helper()
	expression := expand(format, args)
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		p.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// sees waits until an expression holds in the page. Each %s stands for an
// argument as a JavaScript string.
func (p *person) sees(format string, args ...any) {
	p.t.Helper()
	expression := expand(format, args)
	wait := fmt.Sprintf(`!!(%s)`, expression)
	_, err := chromedp.Run(p.ctx, chromedp.Poll[bool](wait,
		chromedp.WithPollingInterval(20*time.Millisecond), chromedp.WithPollingTimeout(patience)))
	if err != nil {
		text, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		p.t.Fatalf("waiting for %s: %v\nthe page says:\n%s", expression, err, text)
	}
}

func expand(format string, args []any) string {
	for i, a := range args {
		if s, ok := a.(string); ok {
			quoted, _ := json.Marshal(s)
			args[i] = string(quoted)
		}
	}
	return fmt.Sprintf(format, args...)
}

// signIn opens the page and enters the room.
func (p *person) signIn(nick string) *person {
	p.t.Helper()
	p.open()
	return p.enterAs(nick)
}

// enterAs enters the room from the sign-in form.
func (p *person) enterAs(nick string) *person {
	p.t.Helper()
	p.asksWho()
	p.keys(nick + kb.Enter)
	p.isIn(nick)
	return p
}

// asksWho waits for the sign-in form.
func (p *person) asksWho() {
	p.t.Helper()
	p.sees(`!document.getElementById("signin").hidden && document.activeElement.id === "nick"`)
}

// isIn waits until the person is in the room and connected.
func (p *person) isIn(nick string) {
	p.t.Helper()
	p.sees(`!document.getElementById("room").hidden && document.getElementById("me").textContent === %s`, nick)
	p.state("Connected")
	p.seesPerson(nick)
}

// state waits for what the page says about its connection.
func (p *person) state(want string) {
	p.t.Helper()
	p.sees(`document.getElementById("state").textContent.trim() === %s`, want)
}

// keys types. The field that has the focus gets it.
func (p *person) keys(keys string) {
	p.t.Helper()
	text, enter := strings.CutSuffix(keys, kb.Enter)
	p.do(chromedp.KeyEvent(text))
	if enter {
		p.enter(0)
	}
}

// enter presses the Enter key. Its text is part of the key's own event, so that
// a page which prevents the default does not get a line break, as with a real
// keyboard.
func (p *person) enter(modifiers chromedp.Modifier) {
	p.t.Helper()
	for _, event := range []input.DispatchKeyEventParams{
		{Type: input.DispatchKeyEventTypeKeyDown, Text: kb.Enter},
		{Type: input.DispatchKeyEventTypeKeyUp},
	} {
		event.Key, event.Code, event.WindowsVirtualKeyCode, event.Modifiers = "Enter", "Enter", 13, int64(modifiers)
		call(p, input.DispatchKeyEvent, event)
	}
}

func (p *person) click(selector string) {
	p.t.Helper()
	p.do(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// say types a message and sends it.
func (p *person) say(text string) {
	p.t.Helper()
	p.sees(`document.activeElement.id === "text"`)
	p.keys(text + kb.Enter)
}

// hears waits for a message in the log.
func (p *person) hears(nick, text string) {
	p.t.Helper()
	p.sees(`%s > 0`, raw(heard(nick, text)))
}

// count returns how often a message is in the log.
func (p *person) count(nick, text string) int {
	p.t.Helper()
	return js[int](p, "%s", raw(heard(nick, text)))
}

// raw goes into an expression as it is.
type raw string

func heard(nick, text string) string {
	return expand(`[...document.querySelectorAll("#entries .said")].filter((e) =>
		e.querySelector("bdi").textContent === %s && e.querySelector(".text").textContent === %s).length`, []any{nick, text})
}

// seesPerson waits until somebody is in the list of people.
func (p *person) seesPerson(nick string) {
	p.t.Helper()
	p.sees(`[...document.querySelectorAll("#people bdi")].some((e) => e.textContent === %s)`, nick)
}

// missesPerson waits until somebody is not in the list of people.
func (p *person) missesPerson(nick string) {
	p.t.Helper()
	p.sees(`![...document.querySelectorAll("#people bdi")].some((e) => e.textContent === %s)`, nick)
}

// seesEvent waits for "Ada joined" or the like in the log.
func (p *person) seesEvent(text string) {
	p.t.Helper()
	p.sees(`%s > 0`, raw(events(text)))
}

// events counts the lines about somebody's coming or going.
func events(text string) string {
	return expand(`[...document.querySelectorAll("#entries .event > span")].filter((e) => e.textContent === %s).length`, []any{text})
}

// offline cuts this tab's network, or mends it.
func (p *person) offline(on bool) {
	p.t.Helper()
	condition := &network.Conditions{Offline: on, DownloadThroughput: -1, UploadThroughput: -1}
	call(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{condition}})
	call(p, network.OverrideNetworkState, network.OverrideNetworkStateParams{Offline: on, DownloadThroughput: -1, UploadThroughput: -1})
}

// theme chooses what the system's settings say.
func (p *person) theme(name string) {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: name}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// call sends a command of the DevTools protocol.
func call[P, R any](p *person, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := chromedp.Call(p.ctx, command, params)
	if err != nil {
		p.t.Fatal(err)
	}
	return r
}
