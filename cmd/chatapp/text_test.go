package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestCleanNick(t *testing.T) {
	for in, want := range map[string]string{
		"Ada":                        "Ada",
		"  Ada \t Lovelace\u00a0 ":   "Ada Lovelace",
		"<script>alert(1)</script>":  "<script>alert(1)</script>",
		"Жуковский":                  "Жуковский",
		"हिन्दी":                     "हिन्दी",
		"🦜":                          "🦜",
		strings.Repeat("ö", maxNick): strings.Repeat("ö", maxNick),
	} {
		if got, err := cleanNick(in); got != want || err != nil {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]error{
		"":                             errNickEmpty,
		" \n\u2003":                    errNickEmpty,
		strings.Repeat("x", maxNick+1): errNickLong,
		"a\x00b":                       errNickChars,
		"a\u202eb":                     errNickChars, // turns the text around
		"a\u200bb":                     errNickChars, // zero width
		"\u3164":                       errNickChars, // a letter that looks like nothing
		"\u0301a":                      errNickChars,
		"a" + strings.Repeat("\u0301", maxMarks+1): errNickChars,
		"\xff":   errNickChars,
		"\ue000": errNickChars,
	} {
		if got, err := cleanNick(in); err != want {
			t.Errorf("%q: %q, %v; want %v", in, got, err, want)
		}
	}
}

func TestFoldNick(t *testing.T) {
	for _, same := range [][]string{
		{"Ada", "ADA", "ada", "Ａｄａ", "Ada\ufe0f"},
		{"Zoë", "ZOË", "zoe\u0308"},
		{"ÿ", "Ÿ", "y\u0308"},
		{"Åse", "A\u030ase", "\u212bse"}, // the Ångström sign
		{"Ёж", "Е\u0308ж"},
		{"ΣΑΣ", "σας", "σασ"},
	} {
		for _, s := range same {
			if foldNick(s) != foldNick(same[0]) {
				t.Errorf("%q and %q differ", s, same[0])
			}
		}
	}
	if foldNick("Zoe") == foldNick("Zoë") || foldNick("o") == foldNick("ö") {
		t.Error("an accent was lost")
	}
}

func TestCleanMessage(t *testing.T) {
	for in, want := range map[string]string{
		" hi ":                     "hi",
		"a\r\nb":                   "a\nb",
		"a\n\n\n \n\nb":            "a\n\n b",
		"\x1b[31mred\x00":          "[31mred",
		"<img src=x onerror=x>":    "<img src=x onerror=x>",
		"\xff":                     "\ufffd",
		"a\tb":                     "a\tb",
		"gpj.\u202ea\u2066b\u2069": "gpj.ab", // turns the text around
		"\u05d0\u200f!":            "\u05d0\u200f!",
		strings.Repeat("𝄞", 2000):  strings.Repeat("𝄞", 2000),
	} {
		if got, err := cleanMessage(in); got != want || err != nil {
			t.Errorf("%q: %q, %v", in, got, err)
		}
	}
	for in, want := range map[string]error{
		"":                                errMessageEmpty,
		" \n\t":                           errMessageEmpty,
		"\u200b\u3164":                    errMessageEmpty,
		strings.Repeat("x", maxMessage+1): errMessageLong,
	} {
		if _, err := cleanMessage(in); err != want {
			t.Errorf("%q: %v; want %v", in, err, want)
		}
	}
}

func TestDecodeSaid(t *testing.T) {
	id, text, err := decodeSaid([]byte(`{"package":{"data":{"msg":"a\u0000\"b","id":"k1"}},"more":1}`))
	if id != "k1" || text != "a\x00\"b" || err != nil {
		t.Errorf("%q %q %v", id, text, err)
	}
	for _, bad := range []string{
		``, `null`, `[]`, `{}`, `"x"`, `{"package":null}`, `{"package":{"data":{}}}`, `{"package":{"data":{"msg":1}}}`,
		`{"package":{"data":{"msg":"x"}}`, `{"package":{"data":"x"}}`,
		`{"package":{"data":{"msg":"x","id":"` + strings.Repeat("x", maxID+1) + `"}}}`,
	} {
		if _, _, err := decodeSaid([]byte(bad)); err != errEnvelope {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// The page and the errors repeat the limits; they must be the same ones.
func TestLimitsAreTheSameEverywhere(t *testing.T) {
	js, err := os.ReadFile("assets/chat.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"maxNick": maxNick, "maxMessage": maxMessage} {
		m := regexp.MustCompile(name + ` = (\d+)`).FindSubmatch(js)
		if m == nil || string(m[1]) != strconv.Itoa(want) {
			t.Errorf("%s in chat.js: %q, want %d", name, m, want)
		}
	}
	if !strings.Contains(errNickLong.Error(), strconv.Itoa(maxNick)) ||
		!strings.Contains(errMessageLong.Error(), strconv.Itoa(maxMessage)) {
		t.Error("an error names another limit")
	}
}

// What has been cleaned is clean, within its limits, and can be read again.
func FuzzText(f *testing.F) {
	f.Add("Ada")
	f.Add(" a\r\n\n\n\u2028b\x00\u0301\u202e ")
	f.Fuzz(func(t *testing.T, in string) {
		if nick, err := cleanNick(in); err == nil {
			if again, err := cleanNick(nick); again != nick || err != nil {
				t.Errorf("nickname %q becomes %q, %v", nick, again, err)
			}
			if key := foldNick(nick); foldNick(key) != key || foldNick(strings.ToLower(nick)) != foldNick(strings.ToUpper(strings.ToLower(nick))) {
				t.Errorf("nickname %q: key %q is not stable", nick, key)
			}
		}
		text, err := cleanMessage(in)
		if err != nil {
			return
		}
		if again, err := cleanMessage(text); again != text || err != nil {
			t.Errorf("message %q becomes %q, %v", text, again, err)
		}
		said, err := json.Marshal(map[string]any{"package": map[string]any{"data": map[string]any{"msg": text}}})
		if err != nil {
			t.Fatal(err)
		}
		if _, got, err := decodeSaid(said); got != text || err != nil {
			t.Errorf("message %q is read as %q, %v", text, got, err)
		}
	})
}
