package luapattern

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for _, c := range []struct {
		pattern, subject string
		init             int
		want             string // start end [capture:capture]...
	}{
		// Plain bytes and the dot.
		{"", "", 0, "0 0"},
		{"", "abc", 1, "1 1"},
		{"", "abc", 9, "3 3"},
		{"b", "abc", 0, "1 2"},
		{"b", "abc", -5, "1 2"},
		{"b", "abc", 2, "no"},
		{"abc", "ababc", 0, "2 5"},
		{"...", "ab", 0, "no"},
		{".", "\x00", 0, "0 1"},
		{"a\x00b", "xa\x00b", 0, "1 4"},
		{"\xc3\xa5", "\xc3\xa5", 0, "0 2"},
		{"]", "a]", 0, "1 2"},
		{"}{", "}{", 0, "0 2"},
		// Anchors, and where they are ordinary bytes.
		{"^a", "ba", 0, "no"},
		{"^a", "ba", 1, "1 2"},
		{"a^", "a^", 0, "0 2"},
		{"^^", "^a", 0, "0 1"},
		{"a$", "aba", 0, "2 3"},
		{"$a", "$a", 0, "0 2"},
		{"(a$)", "a$", 0, "0 2 0:2"},
		{"$", "ab", 0, "2 2"},
		{"^$", "", 0, "0 0"},
		{"^$", "a", 0, "no"},
		{"%$", "a$b", 0, "1 2"},
		{"$$", "a$", 0, "1 2"},
		{"$?x", "$x", 0, "0 2"},
		{"^", "abc", 2, "2 2"},
		{"(^a)", "^a", 0, "0 2 0:2"},
		// Quantifiers, and where they are ordinary bytes.
		{"a*", "aaab", 0, "0 3"},
		{"a*", "baa", 0, "0 0"},
		{"a+", "baa", 0, "1 3"},
		{"a-b", "aaab", 0, "0 4"},
		{"a-", "aaa", 0, "0 0"},
		{"a-$", "aaa", 0, "0 3"},
		{"^a-$", "aab", 0, "no"},
		{"a?b", "ab", 0, "0 2"},
		{"a?b", "cb", 0, "1 2"},
		{"a??", "a?", 0, "0 2"},
		{"a?a?aa", "aa", 0, "0 2"},
		{".*b", "abab c", 0, "0 4"},
		{".-b", "abab c", 0, "0 2"},
		{"*a", "b*a", 0, "1 3"},
		{"**", "a**", 0, "0 0"},
		{"^**", "**a", 0, "0 2"},
		{"+", "a+", 0, "1 2"},
		{"-", "a-", 0, "1 2"},
		{"--", "--", 0, "0 0"},
		{"(a)*", "a*", 0, "0 2 0:1"},
		{"(a)-", "aa-", 0, "1 3 1:2"},
		{"()*", "*", 0, "0 1 0:-1"},
		{"%b()*", "()*", 0, "0 3"},
		{"(a)%1*", "aa*", 0, "0 3 0:1"},
		{"%f[a]*", "a", 0, "no"},
		{"a+a+", "aaa", 0, "0 3"},
		{"(a+)(a+)", "aaa", 0, "0 3 0:2 2:3"},
		{"(a-)(a*)b", "aab", 0, "0 3 0:0 0:2"},
		{"(a*)a(a-)b", "aaab", 0, "0 4 0:2 3:3"},
		{"[^/]+$", "/a/b/c.txt", 0, "5 10"},
		{"\r?\n\r?\n", "a\r\nb\r\n\r\nbody", 0, "4 8"},
		{"\r?\n\r?\n", "a\n\nb", 0, "1 3"},
		// Classes.
		{"%a+", "1aZ2", 0, "1 3"},
		{"%A+", "aa12b", 0, "2 4"},
		{"%c", "a\x7f", 0, "1 2"},
		{"%C", "\x00\x1fa", 0, "2 3"},
		{"%d%D", "1a", 0, "0 2"},
		{"%l%u", "aaZ", 0, "1 3"},
		{"%L%U", "Za", 0, "0 2"},
		{"%p+", "a!_~b", 0, "1 4"},
		{"%P", "._a", 0, "2 3"},
		{"%s+", "a \t\n\v\f\rb", 0, "1 7"},
		{"%S", " a", 0, "1 2"},
		{"%w+", "_aZ9_", 0, "1 4"},
		{"%W", "a9_", 0, "2 3"},
		{"%x+", "gfF09g", 0, "1 5"},
		{"%X", "ag", 0, "1 2"},
		{"%z", "a\x00", 0, "1 2"},
		{"%Z+", "\x00ab\x00", 0, "1 3"},
		{"%g+", " a!~ ", 0, "1 4"},
		{"%G", "a b", 0, "1 2"},
		{"%w", "\xe5", 0, "no"},
		{"%a", "[`{@", 0, "no"},
		{"%.", "a.", 0, "1 2"},
		{"%-%+", "-+", 0, "0 2"},
		{"%y%Y", "yY", 0, "0 2"},
		{"%\xe5", "\xe5", 0, "0 1"},
		{"%!", "a!", 0, "1 2"},
		// Sets.
		{"[abc]+", "xbcay", 0, "1 4"},
		{"[^abc]+", "axyb", 0, "1 3"},
		{"[a-c]+", "dabcd", 0, "1 4"},
		{"[c-a]", "abc", 0, "no"},
		{"[%a_]+", "1a_b2", 0, "1 4"},
		{"[%d%s]+", "a1 2b", 0, "1 4"},
		{"[^%s]", " a", 0, "1 2"},
		{"[]]", "a]", 0, "1 2"},
		{"[^]]", "]a", 0, "1 2"},
		{"[]a]+", "b]a", 0, "1 3"},
		{"[a-]+", "b-a", 0, "1 3"},
		{"[-a]+", "b-a", 0, "1 3"},
		{"[^-]", "-a", 0, "1 2"},
		{"[%]]", "a]", 0, "1 2"},
		{"[%-a]", "-", 0, "0 1"},
		{"[a%-z]+", "b-az", 0, "1 4"},
		{"[%a-z]+", "1-z", 0, "1 3"},
		{"[+--]", ",", 0, "0 1"},
		{"[!-%]a]+", "b%a]", 0, "1 4"},
		{"[.]", "a.", 0, "1 2"},
		{"[[]", "a[", 0, "1 2"},
		{"[a^]", "^", 0, "0 1"},
		{"[^^]", "^a", 0, "1 2"},
		{"[%z]", "a\x00", 0, "1 2"},
		{"[^%z]+", "\x00ab", 0, "1 3"},
		{"[\x80-\xff]+", "a\xc3\xa5b", 0, "1 3"},
		{"[%D]", "1a", 0, "1 2"},
		// Captures.
		{"(a)(b)", "ab", 0, "0 2 0:1 1:2"},
		{"((a)(b))", "ab", 0, "0 2 0:2 0:1 1:2"},
		{"()a()", "ba", 0, "1 2 1:-1 2:-1"},
		{"(a*)", "b", 0, "0 0 0:0"},
		{"^/item/(%d+)$", "/item/42", 0, "0 8 6:8"},
		{"^/item/(%d+)$", "/item/", 0, "no"},
		{"^(.-)(%d*)$", "ab12", 0, "0 4 0:2 2:4"},
		{"(.)%1", "abba", 0, "1 3 1:2"},
		{"(a*)%1b", "aaaab", 0, "0 5 0:2"},
		{"(['\"])(.-)%1", "x'a\"b'", 0, "1 6 1:2 2:5"},
		{"(.)(.)%2%1", "xabba", 0, "1 5 1:2 2:3"},
		{"()%1", "aa", 0, "no"},
		{"(())", "a", 0, "0 0 0:0 0:-1"},
		// %b
		{"%b()", "f(a(b)c)d", 0, "1 8"},
		{"%b()", "((a)", 0, "1 4"},
		{"%b()", "(a", 0, "no"},
		{"%b''", "a'b'c'", 0, "1 4"},
		{"%bxx", "xx", 0, "0 2"},
		{"%b[]x", "[[]]x", 0, "0 5"},
		{"%b\x00\x01", "\x00\x01", 0, "0 2"},
		// %f
		{"%f[%w]%w+", " hello", 0, "1 6"},
		{"%f[%a]b", "ab b", 0, "3 4"},
		{"%f[%z]", "abc", 0, "3 3"},
		{"%f[^%z]", "abc", 0, "0 0"},
		{"%f[%W]", "ab cd", 0, "2 2"},
		{"%f[%w]", "abc", 1, "no"},
		{"a*%f[b]b", "aab", 0, "0 3"},
		{"b%f[%Z]", "b", 0, "no"},
		{"a-%f[a]a", "aa", 0, "0 1"},
	} {
		p, err := Compile(c.pattern)
		if err != nil {
			t.Errorf("%q: %v", c.pattern, err)
			continue
		}
		if got, err := describe(p, c.subject, c.init); err != nil || got != c.want {
			t.Errorf("%q on %q from %d: got %s, %v; want %s", c.pattern, c.subject, c.init, got, err, c.want)
		}
		if want, _ := expect(c.pattern, c.subject, min(max(c.init, 0), len(c.subject))); want != c.want {
			t.Errorf("%q on %q from %d: the reference says %s", c.pattern, c.subject, c.init, want)
		}
	}
}

func TestCompileRefusesMalformedPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, reason string
		offset          int
	}{
		{"%", "malformed pattern: ends with %", 0},
		{"ab%", "malformed pattern: ends with %", 2},
		{"[", "malformed pattern: missing ]", 0},
		{"a[]", "malformed pattern: missing ]", 1},
		{"[^]", "malformed pattern: missing ]", 0},
		{"[a%]", "malformed pattern: missing ]", 0},
		{"[%", "malformed pattern: missing ]", 0},
		{"[a%", "malformed pattern: missing ]", 0},
		{"(", "unfinished capture", 1},
		{"(a(b)", "unfinished capture", 5},
		{")", "invalid pattern capture: ) without (", 0},
		{"(a))", "invalid pattern capture: ) without (", 3},
		{"%b", "missing arguments to %b", 0},
		{"a%bx", "missing arguments to %b", 1},
		{"%f", "missing [ after %f", 0},
		{"%fa", "missing [ after %f", 0},
		{"%f[a", "malformed pattern: missing ]", 2},
		{"%0", "invalid capture index", 0},
		{"%1", "invalid capture index", 0},
		{"(%1)", "invalid capture index", 1},
		{"(a)%2", "invalid capture index", 3},
		{"%1(a)", "invalid capture index", 0},
		{strings.Repeat("()", 33), "too many captures", 64},
		{strings.Repeat("a", MaxLength+1), "more bytes than MaxLength", MaxLength},
	} {
		_, err := Compile(c.pattern)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Reason != c.reason || syntax.Offset != c.offset {
			t.Errorf("%.40q: got %v; want %q at %d", c.pattern, err, c.reason, c.offset)
		}
	}
	if _, err := Compile(strings.Repeat("()", MaxCaptures)); err != nil {
		t.Errorf("%d captures: %v", MaxCaptures, err)
	}
	if got := (&SyntaxError{"a%", 1, "malformed"}).Error(); got != `luapattern: malformed in "a%" at offset 1` {
		t.Error(got)
	}
	defer func() {
		if recover() == nil {
			t.Error("MustCompile does not panic")
		}
	}()
	MustCompile("[")
}

func TestPatternSaysWhatItIs(t *testing.T) {
	p := MustCompile("^(a)()")
	if p.String() != "^(a)()" || p.NumCaptures() != 2 || !p.Anchored() {
		t.Errorf("got %q, %d captures, anchored %v", p, p.NumCaptures(), p.Anchored())
	}
}

// These would take Lua minutes to hours.
func TestHostilePatternsEndSoon(t *testing.T) {
	a := strings.Repeat("a", 8192)
	for _, pattern := range []string{
		"a.-a.-a.-a.-a.-b", ".*.*.*.*.*b", "^.*a.*a.*a.*b$", "a-a-a-a-a-a-b", "a*a*a*a*a*a*b",
		"a?a?a?a?a?a?a?a?a?a?b", "(.-)(.-)(.-)(.-)x", "[ab]*[ac]*[ad]*e", "a+b", "a+a+$b", "^(.*)/(.*)/(.*)$",
	} {
		var m Match
		if ok, err := MustCompile(pattern).FindString(a, 0, &m); ok || err != nil {
			t.Errorf("%q: %v, %v; want a plain no", pattern, ok, err)
		}
	}
}

func TestBudgetEndsWhatCannotBeRemembered(t *testing.T) {
	a := strings.Repeat("a", 4000)
	for _, pattern := range []string{"(a-)(a-)(a-)%1b", "(.*)(.*)%1%2b", "(.-).-%1.-%1b"} {
		var m Match
		if _, err := MustCompile(pattern).FindString(a, 0, &m); !errors.Is(err, ErrBudget) {
			t.Errorf("%q: %v; want ErrBudget", pattern, err)
		}
		if _, _, err := NewSearch(MustCompile(pattern)).Next([]byte(a)); !errors.Is(err, ErrBudget) {
			t.Errorf("%q in a Search: %v; want ErrBudget", pattern, err)
		}
	}
	// Brackets that never close are read to the end from each place.
	var m Match
	if _, err := MustCompile("%b()").FindString(strings.Repeat("(", 1<<18), 0, &m); !errors.Is(err, ErrBudget) {
		t.Errorf("%%b: %v; want ErrBudget", err)
	}
	if Budget(0) != 500_000 || Budget(10) != 500_320 {
		t.Error("the budget is not what the comment says")
	}
}

func TestLongSubjectsNeedNoStack(t *testing.T) {
	n := 4 << 20
	s := strings.Repeat("a", n) + "b"
	for _, pattern := range []string{"^a*b$", "^a-b$", "^.-b$", "^.*b$", "b", "^(a+)b"} {
		var m Match
		if ok, err := MustCompile(pattern).FindString(s, 0, &m); !ok || err != nil || m.End != n+1 {
			t.Errorf("%q: %v, %v, end %d", pattern, ok, err, m.End)
		}
	}
}

func TestManyQuantifiers(t *testing.T) {
	pattern := strings.Repeat("a?", 100) + strings.Repeat("a", 100)
	var m Match
	ok, err := MustCompile(pattern).FindString(strings.Repeat("a", 100), 0, &m)
	if !ok || err != nil || m.End != 100 {
		t.Errorf("got %v, %v, end %d", ok, err, m.End)
	}
}

func TestSearchDoesNotLookTwice(t *testing.T) {
	s := NewSearch(MustCompile("\r?\n\r?\n"))
	head := []byte("GET / HTTP/1.1\r\nHost: x\r\n")
	if _, ok, _ := s.Next(head); ok || s.from != len(head)-2 {
		t.Errorf("found %v, goes on at %d of %d", ok, s.from, len(head))
	}
	if _, ok, _ := s.Next(head[:5]); ok {
		t.Error("found something in a shorter text")
	}
	head = append(head, "\r\nx"...)
	if end, ok, _ := s.Next(head); !ok || end != len(head)-1 {
		t.Errorf("found %v up to %d of %d", ok, end, len(head))
	}
	never := NewSearch(MustCompile("^b"))
	for _, text := range []string{"", "a", "ab", "bb"} {
		_, ok, err := never.Next([]byte(text))
		if ok || err != nil {
			t.Errorf("^b in %q after another start: %v, %v", text, ok, err)
		}
	}
}

func TestFindDoesNotAllocate(t *testing.T) {
	p := MustCompile("^/(%w+)/(.-)/([^/]*)$")
	path := "/user/some/where/else"
	var m Match
	if n := testing.AllocsPerRun(100, func() {
		if ok, _ := p.FindString(path, 0, &m); !ok {
			t.Fatal("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkFind(b *testing.B) {
	head := "GET / HTTP/1.1\r\n" + strings.Repeat("X-Header: some value\r\n", 48) + "\r\n"
	a := strings.Repeat("a", 8192)
	for _, c := range []struct{ name, pattern, subject string }{
		{"head of 1 KB", "\r?\n\r?\n", head},
		{"route", "^/item/(%d+)$", "/item/1234"},
		{"route that differs", "^/item/(%d+)$", "/user/1234"},
		{"two captures", "^/(.-)/(.*)$", "/user/1234/edit"},
		{"hostile 8 KB", "a.-a.-a.-a.-a.-b", a},
		{"hostile greedy 8 KB", "^.*a.*a.*a.*b$", a},
		{"budget", "(a-)(a-)(a-)%1b", a},
	} {
		p := MustCompile(c.pattern)
		b.Run(strings.ReplaceAll(c.name, " ", "-"), func(b *testing.B) {
			b.ReportAllocs()
			var m Match
			for b.Loop() {
				_, _ = p.FindString(c.subject, 0, &m)
			}
		})
	}
}

func ExamplePattern_FindString() {
	p := MustCompile("^/item/(%d+)$")
	var m Match
	if ok, err := p.FindString("/item/42", 0, &m); ok && err == nil {
		start, end := m.Capture(0)
		fmt.Println("/item/42"[start:end])
	}
	// Output: 42
}
