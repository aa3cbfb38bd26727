package e2e

import "testing"

// The server goes and comes back on the same port. It has forgotten everybody,
// and with its secret also the meaning of their cookies.
func TestServerRestart(t *testing.T) {
	for name, stop := range map[string]func(*app){"after a stop": (*app).stop, "after a crash": (*app).kill} {
		t.Run(name, func(t *testing.T) {
			a := startApp(t)
			ada := newPerson(t, a.addr).signIn("Ada")
			grace := newPerson(t, a.addr).signIn("Grace")
			second := ada.anotherTab()
			second.isIn("Ada")
			ada.say("before")
			grace.hears("Ada", "before")

			stop(a)
			for _, p := range []*person{ada, grace, second} {
				p.state("Reconnecting")
				p.sees(`document.getElementById("trouble").checkVisibility() && document.getElementById("trouble").textContent.includes("Next try in")`)
			}
			ada.say("into the gap")
			ada.sees(`document.querySelector("#pending .notes").textContent.includes("Waits for the connection")`)

			a.start()
			for _, p := range []*person{ada, grace, second} {
				p.state("Connected")
				p.hears("Ada", "into the gap")
				p.seesPerson("Ada")
				p.seesPerson("Grace")
				p.sees(`!document.getElementById("trouble").checkVisibility() && document.querySelectorAll("#pending li").length === 0`)
				for _, text := range []string{"before", "into the gap"} {
					if n := p.count("Ada", text); n != 1 {
						t.Errorf("%q is %d times in the log", text, n)
					}
				}
			}
			grace.say("after")
			ada.hears("Grace", "after")
		})
	}
}

func TestNicknameThatWasTakenMeanwhile(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	ada.offline(true)
	ada.state("Offline")
	ada.say("not to be lost")
	a.stop()
	a.start()
	newPerson(t, a.addr).signIn("Ada")
	ada.offline(false)
	ada.asksWho()
	ada.sees(`document.getElementById("text").value === "not to be lost"`)
	ada.sees(`document.getElementById("nick-error").textContent === "Somebody in the room has this nickname already."`)
}

func TestOfflineAndOnline(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	grace := newPerson(t, a.addr).signIn("Grace")
	ada.offline(true)
	ada.state("Offline")
	ada.sees(`document.getElementById("trouble").textContent.includes("This device is offline")`)
	ada.say("written on the train")
	grace.seesEvent("Ada left")
	grace.say("where are you?")
	ada.offline(false)
	ada.state("Connected")
	ada.hears("Grace", "where are you?")
	grace.hears("Ada", "written on the train")
	grace.seesPerson("Ada")
}

func TestCutConnectionComesBackWithoutNoise(t *testing.T) {
	a := startApp(t)
	w := newWire(t, a)
	grace := newPerson(t, a.addr).signIn("Grace")
	ada := newPerson(t, w.addr).signIn("Ada")
	w.reset()
	ada.state("Connected")
	ada.say("did you notice?")
	grace.hears("Ada", "did you notice?")
	ada.click("#signout")
	grace.seesEvent("Ada left")
	if n := js[int](grace, "%s + %s", raw(events("Ada joined")), raw(events("Ada left"))); n != 2 {
		t.Errorf("Ada's coming and going is told in %d lines", n)
	}
}

// A connection that has died without a sign is given up when a message gets no
// echo. The message is not lost, and not said twice.
func TestDeadConnectionIsNoticed(t *testing.T) {
	a := startApp(t)
	w := newWire(t, a)
	grace := newPerson(t, a.addr).signIn("Grace")
	ada := newPerson(t, w.addr).signIn("Ada")
	w.freeze()
	ada.say("hello?")
	ada.sees(`document.querySelector("#pending .notes").textContent.includes("Sending")`)
	grace.hears("Ada", "hello?")
	ada.hears("Ada", "hello?")
	ada.sees(`document.querySelectorAll("#pending li").length === 0`)
	for _, p := range []*person{ada, grace} {
		if n := p.count("Ada", "hello?"); n != 1 {
			t.Errorf("the message is %d times in the log", n)
		}
	}
}

func TestRetryButton(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr).signIn("Ada")
	a.stop()
	ada.state("Reconnecting")
	a.start()
	// The button may vanish before it is pressed: the page tries by itself.
	js[any](ada, `document.getElementById("retry").click()`)
	ada.state("Connected")
	ada.sees(`document.activeElement.id === "text"`)
}
