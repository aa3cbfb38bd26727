package luapattern

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// describe says how p matches s, in a form that can be compared.
func describe(p *Pattern, s string, init int) (string, error) {
	var m, m2 Match
	ok, err := p.FindString(s, init, &m)
	ok2, err2 := p.Find([]byte(s), init, &m2)
	if ok != ok2 || err != err2 || ok && m != m2 {
		return "", fmt.Errorf("string and []byte differ: %v %v %v, %v %v %v", ok, err, m, ok2, err2, m2)
	}
	if !ok || err != nil {
		return "no", err
	}
	out := fmt.Sprint(m.Start, m.End)
	for i := range p.NumCaptures() {
		start, end := m.Capture(i)
		out += fmt.Sprint(" ", start, ":", end)
	}
	return out, nil
}

// expect is describe for the reference; ok is false when it took too long.
func expect(p, s string, init int) (out string, ok bool) {
	defer func() {
		if v := recover(); v == (tooLong{}) {
			ok = false
		} else if v != nil {
			panic(v)
		}
	}()
	r, start, end := referenceFind(p, s, init)
	if r == nil {
		return "no", true
	}
	out = fmt.Sprint(start, end)
	for _, c := range r.captures {
		out += fmt.Sprint(" ", c.start, ":", c.end)
	}
	return out, true
}

var patternPieces = []string{
	"a", "b", "c", ".", "%a", "%A", "%d", "%z", "%%", "%.", "x", "[ab]", "[^a]", "[a-c]", "[]a]",
	"[^]]", "[%a-]", "[a-]", "[%w_]", "[-a]", "*", "+", "-", "?", "*", "-", "(", ")", "()", "(a",
	"b)", "%1", "%2", "%b()", "%bab", "%f[a]", "%f[^a]", "%f[%z]", "^", "$", " ", "]", "%Z", "[%z]",
}

func randomText(r *rand.Rand, pieces []string, n int) string {
	var b strings.Builder
	for range n {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func TestRandomPatternsMatchAsTheReferenceSays(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	letters := []string{"a", "a", "a", "b", "b", "c", "1", "(", ")", "]", "-", "\x00", "\xe5", "%", " "}
	valid := 0
	for range 60_000 {
		pattern := randomText(r, patternPieces, 1+r.IntN(7))
		if r.IntN(4) == 0 {
			pattern = "^" + pattern
		}
		p, err := Compile(pattern)
		if err != nil {
			continue
		}
		valid++
		subject := randomText(r, letters[:2+r.IntN(len(letters)-1)], r.IntN(24))
		init := r.IntN(len(subject) + 1)
		want, ok := expect(pattern, subject, init)
		if !ok {
			continue
		}
		if got, err := describe(p, subject, init); err != nil || got != want {
			t.Fatalf("%q on %q from %d: got %s, %v; want %s", pattern, subject, init, got, err, want)
		}
		if got, err := describeWithMemo(p, subject, init); err != nil || got != want {
			t.Fatalf("%q on %q from %d, remembering: got %s, %v; want %s", pattern, subject, init, got, err, want)
		}
	}
	if valid < 20_000 {
		t.Errorf("only %d patterns were valid: the generator tests nothing", valid)
	}
}

// describeWithMemo matches with a memo from the first step on.
func describeWithMemo(p *Pattern, s string, init int) (string, error) {
	q := *p
	q.memoAtOnce = true
	return describe(&q, s, init)
}

func TestLongSubjectsMatchAsTheReferenceSays(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	pieces := []string{"a", "b", "[ab]", ".", "*", "-", "+", "?", "(", ")", "-", "*"}
	compared := 0
	for range 1500 {
		pattern := randomText(r, pieces, 3+r.IntN(8)) + "c"
		p, err := Compile(pattern)
		if err != nil {
			continue
		}
		subject := randomText(r, []string{"a", "b"}, 150) + "c"
		if want, ok := expect(pattern, subject, 0); ok {
			compared++
			if got, err := describe(p, subject, 0); err != nil || got != want {
				t.Fatalf("%q on %q: got %s, %v; want %s", pattern, subject, got, err, want)
			}
		}
	}
	if compared < 200 {
		t.Errorf("only %d patterns were compared", compared)
	}
}

// Patterns that mean the same to Go's regexp when - is written *?.
func TestPatternsMatchAsGoRegexpsDo(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	atoms := [][2]string{{"a", "a"}, {"b", "b"}, {".", "[\\x00-\\x7f]"}, {"[ab]", "[ab]"}, {"[^a]", "[^a]"},
		{"%d", "[0-9]"}, {"%s", "[ \t-\r]"}, {"%w", "[0-9A-Za-z]"}, {"%x", "[0-9A-Fa-f]"}, {"%.", "\\."}}
	quantifiers := [][2]string{{"", ""}, {"*", "*"}, {"+", "+"}, {"-", "*?"}, {"?", "?"}}
	for range 20_000 {
		var lua, re strings.Builder
		for range 1 + r.IntN(5) {
			group := r.IntN(3) == 0
			if group {
				lua.WriteByte('(')
				re.WriteByte('(')
			}
			a, q := atoms[r.IntN(len(atoms))], quantifiers[r.IntN(len(quantifiers))]
			lua.WriteString(a[0] + q[0])
			re.WriteString(a[1] + q[1])
			if group {
				lua.WriteByte(')')
				re.WriteByte(')')
			}
		}
		if r.IntN(3) == 0 {
			lua.WriteByte('$')
			re.WriteString("\\z")
		}
		subject := randomText(r, []string{"a", "b", "7", " ", ".", "A"}, r.IntN(20))
		want := "no"
		if loc := regexp.MustCompile(re.String()).FindStringSubmatchIndex(subject); loc != nil {
			want = fmt.Sprint(loc[0], loc[1])
			for i := 2; i < len(loc); i += 2 {
				want += fmt.Sprint(" ", loc[i], ":", loc[i+1])
			}
		}
		if got, err := describe(MustCompile(lua.String()), subject, 0); err != nil || got != want {
			t.Fatalf("%q on %q: got %s, %v; want %s as %q", lua.String(), subject, got, err, want, re.String())
		}
	}
}

// A search that is fed piece by piece ends at the first prefix that matches.
func TestSearchFindsTheFirstPrefixThatMatches(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 20_000 {
		pattern := randomText(r, patternPieces, 1+r.IntN(6))
		p, err := Compile(pattern)
		if err != nil {
			continue
		}
		subject := randomText(r, []string{"a", "b", "(", ")", "\x00", "c"}, r.IntN(16))
		s := NewSearch(p)
		for n := 0; n <= len(subject); {
			var m Match
			want, err := p.FindString(subject[:n], 0, &m)
			if err != nil {
				t.Fatal(err)
			}
			end, ok, err := s.Next([]byte(subject[:n]))
			if ok != want || err != nil || ok && end != m.End {
				t.Fatalf("%q on %q of %q: got %d %v %v; want %d %v", pattern, subject[:n], subject, end, ok, err, m.End, want)
			}
			if ok {
				break
			}
			n += 1 + r.IntN(3)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, seed := range [][2]string{
		{"^/item/(%d+)$", "/item/42"}, {"\r?\n\r?\n", "GET / HTTP/1.1\r\n\r\n"}, {"a.-a.-a.-b", "aaaaaaaaaaaa"},
		{"%b()%f[%w](%w)%1", "x(()) aa"}, {"[%a-z", "["}, {"()(.-)%2$", "abab"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, subject string) {
		p, err := Compile(pattern)
		if err != nil {
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset > len(pattern) {
				t.Fatalf("Compile(%q): %v", pattern, err)
			}
			return
		}
		got, err := describe(p, subject, 0)
		if err != nil && !errors.Is(err, ErrBudget) {
			t.Fatal(err)
		}
		if err != nil || len(subject) > 200 {
			return
		}
		if want, ok := expect(pattern, subject, 0); ok && got != want {
			t.Fatalf("%q on %q: got %s; want %s", pattern, subject, got, want)
		}
		if got2, err := describeWithMemo(p, subject, 0); err != nil || got2 != got {
			t.Fatalf("%q on %q: %s, %v with memo, %s without", pattern, subject, got2, err, got)
		}
	})
}
