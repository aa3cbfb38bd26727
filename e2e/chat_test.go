package e2e

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

func TestTwoPeopleTalk(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	ada.seesEvent("Ada joined")
	grace := newPerson(t, a.addr).signIn("Grace")
	ada.seesEvent("Grace joined")
	ada.seesPerson("Grace")
	grace.seesPerson("Ada")

	ada.say("Hello Grace")
	for _, p := range []*person{ada, grace} {
		p.hears("Ada", "Hello Grace")
	}
	grace.say("Hello Ada")
	for _, p := range []*person{ada, grace} {
		p.hears("Grace", "Hello Ada")
		p.sees(`document.querySelectorAll("#pending li").length === 0`)
		p.sees(`[...document.querySelectorAll("#entries time")].every((e) => /\d\d?[:.]\d\d/.test(e.textContent) && e.dateTime)`)
	}

	grace.close()
	ada.seesEvent("Grace left")
	ada.missesPerson("Grace")
	if n := ada.count("Ada", "Hello Grace"); n != 1 {
		t.Errorf("the message is %d times in the log", n)
	}
}

func TestLatecomerSeesTheHistory(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	for i := range 3 {
		ada.say(fmt.Sprint("word ", i))
		ada.hears("Ada", fmt.Sprint("word ", i))
	}
	grace := newPerson(t, a.addr).signIn("Grace")
	grace.hears("Ada", "word 2")
	if got := js[string](grace, `[...document.querySelectorAll("#entries .text")].map((e) => e.textContent).join()`); got != "word 0,word 1,word 2" {
		t.Errorf("history: %s", got)
	}
	grace.sees(`document.getElementById("quiet").hidden && document.getElementById("log").getAttribute("aria-busy") === "false"`)
}

// What people type stays text, also when the content security policy, which
// would stop a script, is switched off.
func TestHTMLStaysText(t *testing.T) {
	a := startApp(t)
	evil := `<img src=x onerror="hacked=1">`
	worse := `</p><script>hacked=1</script><img src=x onerror=hacked=1><b>bold</b>&amp;<iframe srcdoc="<script>top.hacked=1</script>">`
	ada, mallory := newPerson(t, a.addr), newPerson(t, a.addr)
	for _, p := range []*person{ada, mallory} {
		call(p, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	}
	ada.signIn("Ada")
	mallory.signIn(evil)
	mallory.say(worse)
	ada.seesEvent(evil + " joined")
	ada.seesPerson(evil)
	late := newPerson(t, a.addr)
	call(late, page.SetBypassCSP, page.SetBypassCSPParams{Enabled: true})
	late.signIn("Late") // gets it from the history
	mallory.close()
	ada.seesEvent(evil + " left")
	for _, p := range []*person{ada, late} {
		p.hears(evil, worse)
		p.sees(`document.querySelectorAll("#room img, #room script, #room iframe, #room b").length === 0`)
		p.sees(`typeof hacked === "undefined"`)
	}
}

func TestNicknameThatCannotBeHad(t *testing.T) {
	a := startApp(t)
	newPerson(t, a.addr).signIn("Ada")
	p := newPerson(t, a.addr)
	p.open()
	p.asksWho()
	for nick, complaint := range map[string]string{
		"":                      "Please choose a nickname.",
		"   ":                   "Please choose a nickname.",
		strings.Repeat("x", 49): "This nickname is too long: 48 characters is the limit.",
		"\u202eadA":             "A nickname is made of characters that can be seen.",
		" aDA ":                 "Somebody in the room has this nickname already.",
	} {
		js[any](p, `document.getElementById("nick").value = %s`, nick)
		p.keys(kb.Enter)
		p.sees(`document.getElementById("nick-error").textContent === %s && document.getElementById("nick-error").checkVisibility()`, complaint)
		p.sees(`document.activeElement.id === "nick" && document.activeElement.ariaInvalid === "true"`)
	}
	js[any](p, `document.getElementById("nick").value = ""`)
	p.keys("Grace" + kb.Enter)
	p.isIn("Grace")
}

func TestNicknameIsReleasedOnSignOut(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	watcher := newPerson(t, a.addr).signIn("Watcher")
	ada.click("#signout")
	ada.asksWho()
	watcher.seesEvent("Ada left")
	newPerson(t, a.addr).signIn("ADA")
	watcher.seesEvent("ADA joined")
	ada.keys("Lovelace" + kb.Enter)
	ada.isIn("Lovelace")
	ada.do(chromedp.Reload())
	ada.isIn("Lovelace")
}

func TestSeveralTabsAreOnePerson(t *testing.T) {
	a := startApp(t)
	watcher := newPerson(t, a.addr).signIn("Watcher")
	one := newPerson(t, a.addr).signIn("Ada")
	two := one.anotherTab()
	two.isIn("Ada")
	three := one.anotherTab()
	three.isIn("Ada")

	two.say("from the second tab")
	for _, p := range []*person{watcher, one, two, three} {
		p.hears("Ada", "from the second tab")
	}
	three.close()
	one.say("still here")
	watcher.hears("Ada", "still here")

	one.click("#signout")
	one.asksWho()
	two.asksWho()
	two.sees(`document.getElementById("nick-error").textContent === "You have signed out."`)
	watcher.seesEvent("Ada left")
	for _, event := range []string{"Ada joined", "Ada left"} {
		if n := js[int](watcher, "%s", raw(events(event))); n != 1 {
			t.Errorf("%q was told %d times", event, n)
		}
	}
}

func TestReloadMakesNoNoise(t *testing.T) {
	a := startApp(t)
	watcher := newPerson(t, a.addr).signIn("Watcher")
	ada := newPerson(t, a.addr).signIn("Ada")
	ada.do(chromedp.Reload())
	ada.isIn("Ada")
	ada.say("back")
	watcher.hears("Ada", "back")
	ada.click("#signout")
	watcher.seesEvent("Ada left")
	if n := js[int](watcher, "%s + %s", raw(events("Ada joined")), raw(events("Ada left"))); n != 2 {
		t.Errorf("Ada's coming and going is told in %d lines", n)
	}
}

func TestLongMessageIsCountedAndRefused(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	ada.sees(`document.getElementById("counter").textContent === ""`)
	fill(ada, strings.Repeat("ö", 1990))
	ada.sees(`document.getElementById("counter").textContent === "10 left"`)
	fill(ada, strings.Repeat("ö", 2001))
	ada.keys(kb.Enter)
	ada.sees(`document.getElementById("text-error").textContent === "This message is 1 character too long."`)
	ada.sees(`document.getElementById("text").value.length === 2001 && document.getElementById("text").ariaInvalid === "true"`)
	longest := strings.Repeat("ö", 2000)
	fill(ada, longest)
	ada.keys(kb.Enter)
	ada.hears("Ada", longest)
}

// fill puts a text into the message box as pasting does.
func fill(p *person, text string) {
	p.t.Helper()
	js[any](p, `(() => {
		const box = document.getElementById("text");
		box.value = %s;
		box.dispatchEvent(new InputEvent("input", { bubbles: true }));
	})()`, text)
}

func TestTalkingTooFastIsRefusedVisibly(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	const refused = `[...document.querySelectorAll("#pending .notes")].some((e) => e.textContent.includes("too fast"))`
	for round := 0; !js[bool](ada, "%s", raw(refused)); round++ {
		if round == 50 {
			t.Fatal("a thousand messages, and none was refused")
		}
		js[any](ada, `(() => {
			const box = document.getElementById("text");
			for (let i = 0; i < 20; i++) {
				box.value = "word " + i;
				document.getElementById("say").requestSubmit();
			}
		})()`)
		ada.sees(`[...document.querySelectorAll("#pending .notes")].every((e) => e.textContent.includes("too fast"))`)
	}
	before := js[int](ada, `document.querySelectorAll("#pending li").length`)
	ada.sees(`(document.querySelector("#pending button").click(), document.querySelectorAll("#pending li").length < %d)`, before)
}

func TestNewMessagesBelowTheFoldAreAnnounced(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	grace := newPerson(t, a.addr).signIn("Grace")
	tall := strings.TrimSpace(strings.Repeat("line\n", 60))
	fill(ada, tall)
	ada.keys(kb.Enter)
	ada.hears("Ada", tall)
	ada.sees(`document.getElementById("log").scrollTop > 0`)
	js[any](ada, `document.getElementById("log").scrollTop = 0`)
	grace.say("down here")
	ada.sees(`document.getElementById("newer").textContent === "1 new message" && !document.getElementById("newer").hidden`)
	ada.click("#newer")
	ada.sees(`document.getElementById("newer").hidden && document.activeElement.id === "text"`)
}
