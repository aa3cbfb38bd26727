package e2e

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// Signing in, writing two lines, sending, signing out: without a mouse. Whatever
// has the focus shows it.
func TestKeyboardIsEnough(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr)
	ada.open()
	ada.asksWho()
	ada.keys("Ada")
	ada.tabTo("Join")
	ada.enter(0)
	ada.isIn("Ada")
	ada.sees(`document.activeElement.id === "text"`)
	ada.keys("one")
	ada.enter(chromedp.ModifierShift)
	ada.keys("two" + kb.Enter)
	ada.hears("Ada", "one\ntwo")
	ada.sees(`document.activeElement.id === "text" && document.activeElement.value === ""`)

	ada.tabTo("Skip to the message box")
	ada.enter(0)
	ada.sees(`document.activeElement.id === "text"`)
	ada.tabTo("Dark theme")
	ada.enter(0)
	ada.sees(`document.documentElement.dataset.theme === "dark" && document.activeElement.ariaPressed === "true"`)
	ada.do(chromedp.Reload())
	ada.isIn("Ada")
	ada.sees(`document.documentElement.dataset.theme === "dark"`)
	ada.tabTo("Sign out")
	ada.enter(0)
	ada.asksWho()
}

// tabTo presses Tab until the focus is on what is called name, and checks that
// all it meets on the way can be seen to have the focus.
func (p *person) tabTo(name string) {
	p.t.Helper()
	var met []string
	for range 20 {
		p.keys(kb.Tab)
		at := js[struct {
			Name    string
			Visible bool
		}](p, `(() => {
			const e = document.activeElement;
			const style = getComputedStyle(e);
			const box = e.getBoundingClientRect();
			const name = e.getAttribute("aria-label") ?? (e.labels?.[0] ?? e).textContent.trim();
			return { name, visible: e === document.body || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 &&
				box.width > 0 && box.bottom > 0 && box.top < innerHeight };
		})()`)
		met = append(met, at.Name)
		if !at.Visible {
			p.t.Errorf("the focus on %q cannot be seen", at.Name)
		}
		if at.Name == name {
			return
		}
	}
	p.t.Fatalf("Tab never comes to %q but to %q", name, met)
}

// What a screen reader is told, from the browser's own accessibility tree.
func TestAccessibilityTree(t *testing.T) {
	a := startApp(t)
	ada := newPerson(t, a.addr)
	ada.open()
	ada.asksWho()
	ada.tree("heading Turbo chat", "textbox Your nickname", "button Join", "button Dark theme", "main ")
	ada.keys(kb.Enter)
	ada.tree("alert ", "StaticText Please choose a nickname.")
	ada.signIn("Ada")
	ada.say("hello")
	ada.hears("Ada", "hello")
	ada.tree("heading Turbo chat", "heading In the room 1", "status ", "StaticText Connected", "log Messages", "textbox Message",
		"button Send", "button Sign out", "main ", "banner ", "complementary In the room 1", "list In the room 1")
}

// tree checks that these roles and names are there, and that everything which
// can be used has a name.
func (p *person) tree(want ...string) {
	p.t.Helper()
	var got []string
	for _, node := range call(p, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{}).Nodes {
		if node.Ignored {
			continue
		}
		role, name := axText(node.Role), axText(node.Name)
		got = append(got, role+" "+name)
		if name == "" && slices.Contains([]string{"button", "textbox", "link", "checkbox", "log", "image"}, role) {
			p.t.Errorf("a %s has no name", role)
		}
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			p.t.Errorf("%q is not in the accessibility tree:\n%s", w, strings.Join(got, "\n"))
		}
	}
}

func axText(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	s := string(v.Value)
	return strings.Trim(s, `"`)
}

// WCAG 2.2, 1.4.3 and 1.4.11: text has a contrast of 4.5 (large text 3), and
// the borders of fields have 3, in both themes and in every state of the page.
func TestContrast(t *testing.T) {
	a := startApp(t)
	for _, theme := range []string{"light", "dark"} {
		t.Run(theme, func(t *testing.T) {
			p := newPerson(t, a.addr)
			p.theme(theme)
			p.open()
			p.asksWho()
			p.keys(kb.Enter)
			p.sees(`document.getElementById("nick-error").textContent`)
			p.contrast()
			p.keys("Ada " + theme + kb.Enter)
			p.isIn("Ada " + theme)
			p.say("hello")
			p.hears("Ada "+theme, "hello")
			for i := range 15 { // every colour that a person may have
				js[any](p, `document.querySelector("#entries .said").cloneNode(true)`)
				js[any](p, `(() => {
					const entry = [...document.querySelectorAll("#entries .said")].pop();
					const copy = entry.cloneNode(true);
					for (const e of [copy, ...copy.querySelectorAll(".disc")]) e.style.setProperty("--hue", %d);
					entry.after(copy);
				})()`, i*24)
			}
			p.offline(true)
			p.state("Offline")
			p.say("waits")
			p.contrast()
		})
	}
}

func (p *person) contrast() {
	p.t.Helper()
	for _, bad := range js[[]string](p, "%s", raw(contrastScript)) {
		p.t.Error(bad)
	}
}

// contrastScript computes the contrast of each piece of text with what is
// behind it, by painting the colours: the browser knows every notation.
const contrastScript = `(() => {
	const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
	const paint = (...colours) => {
		canvas.clearRect(0, 0, 1, 1);
		for (const c of colours) { canvas.fillStyle = c; canvas.fillRect(0, 0, 1, 1); }
		return canvas.getImageData(0, 0, 1, 1).data;
	};
	const luminance = ([r, g, b]) => {
		const [R, G, B] = [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * R + 0.7152 * G + 0.0722 * B;
	};
	const backdrop = (e) => {
		const layers = [];
		for (; e; e = e.parentElement) {
			const c = getComputedStyle(e).backgroundColor;
			layers.unshift(c);
			if (paint(c)[3] === 255) break;
		}
		return layers;
	};
	const ratio = (colour, behind) => {
		const [a, b] = [luminance(paint(...behind, colour)), luminance(paint(...behind))];
		return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
	};
	const bad = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	while (walker.nextNode()) {
		const e = walker.currentNode.parentElement, text = walker.currentNode.data.trim();
		if (!text || !e.checkVisibility({ visibilityProperty: true, opacityProperty: true }) || e.closest(".sr, .skip, noscript, script")) continue;
		const style = getComputedStyle(e), size = parseFloat(style.fontSize);
		const large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const r = ratio(style.color, backdrop(e));
		if (r < (large ? 3 : 4.5)) bad.push("contrast of " + r.toFixed(2) + ": " + text.slice(0, 40) + " (" + style.color + ")");
	}
	for (const e of document.querySelectorAll("input, textarea")) {
		if (!e.checkVisibility()) continue;
		const r = ratio(getComputedStyle(e).borderTopColor, backdrop(e.parentElement));
		if (r < 3) bad.push("contrast of the border of " + e.id + ": " + r.toFixed(2));
		const p = ratio(getComputedStyle(e, "::placeholder").color, backdrop(e));
		if (p < 4.5) bad.push("contrast of the placeholder of " + e.id + ": " + p.toFixed(2));
	}
	return bad;
})()`
