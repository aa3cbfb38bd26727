package rfc6455

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseExtensions(t *testing.T) {
	for _, tc := range []struct {
		in   []string
		want []Named
	}{
		{nil, nil},
		{[]string{"", " , ,\t"}, nil},
		{[]string{"a"}, []Named{{Name: "a"}}},
		{[]string{"a, b;x ; y=1 ;z = \"2\"", "c"}, []Named{
			{Name: "a"},
			{Name: "b", Params: []Param{{Name: "x"}, {"y", "1", true}, {"z", "2", true}}},
			{Name: "c"},
		}},
		{[]string{`a;b="c\d\\"`}, nil}, // a backslash is no token
		{[]string{`a;b="c\d"`}, []Named{{Name: "a", Params: []Param{{"b", "cd", true}}}}},
	} {
		got, err := ParseExtensions(tc.in)
		if broken := strings.Contains(strings.Join(tc.in, ""), `\\`); (err != nil) != broken {
			t.Errorf("%q: %v", tc.in, err)
		}
		if d := cmp.Diff(tc.want, got); d != "" {
			t.Errorf("%q (-want +got):\n%s", tc.in, d)
		}
	}
	for _, in := range []string{
		";", "a;", "a;;b", "a;=1", "=", "a=1", "a;b=", "a;b=,c", `a;b="`, `a;b="c`, `a;b=""`, `a;b="c d"`, `a;b="c"d`, `a;b="\`,
		"a b", "a;b c", "a;b=c d", "(", "a;b=@", "a\x00", "\xff", `"a"`, "a;\"b\"", "a,;b",
	} {
		if got, err := ParseExtensions([]string{in}); err == nil {
			t.Errorf("%q is read as %v", in, got)
		}
	}
}

func TestAcceptDeflate(t *testing.T) {
	alone := DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: true}
	const both = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
	for _, tc := range []struct {
		offer string
		wish  DeflateTerms
		want  string // "": declined
		bits  [2]int // the server's and the client's; 0 for 15
	}{
		{offer: "", want: ""},
		{offer: "x-webkit-deflate-frame", want: ""},
		{offer: "Permessage-Deflate", want: ""},
		{offer: "permessage-deflate", want: "permessage-deflate"},
		{offer: "permessage-deflate", wish: alone, want: both},
		{offer: "permessage-deflate; client_max_window_bits", wish: alone, want: both},
		{offer: "permessage-deflate; server_no_context_takeover", want: "permessage-deflate; server_no_context_takeover"},
		{offer: "permessage-deflate; client_no_context_takeover", want: "permessage-deflate; client_no_context_takeover"},
		{offer: "permessage-deflate; server_max_window_bits=15", want: "permessage-deflate; server_max_window_bits=15"},
		{offer: "permessage-deflate; server_max_window_bits=9", want: "permessage-deflate; server_max_window_bits=9", bits: [2]int{9, 0}},
		{offer: `permessage-deflate; server_max_window_bits="10"`, want: "permessage-deflate; server_max_window_bits=10", bits: [2]int{10, 0}},
		{offer: "permessage-deflate; server_max_window_bits=8", wish: alone, want: both + "; server_max_window_bits=8", bits: [2]int{8, 0}},
		{offer: "permessage-deflate; server_max_window_bits=12", wish: DeflateTerms{ServerWindowBits: 10}, want: "permessage-deflate; server_max_window_bits=10", bits: [2]int{10, 0}},
		{offer: "permessage-deflate", wish: DeflateTerms{ServerWindowBits: 10}, want: "permessage-deflate; server_max_window_bits=10", bits: [2]int{10, 0}},
		{offer: "permessage-deflate; client_max_window_bits=10", want: "permessage-deflate", bits: [2]int{0, 10}},
		{offer: "permessage-deflate; client_max_window_bits", wish: DeflateTerms{ClientWindowBits: 11}, want: "permessage-deflate; client_max_window_bits=11", bits: [2]int{0, 11}},
		{offer: "permessage-deflate; client_max_window_bits=12", wish: DeflateTerms{ClientWindowBits: 11}, want: "permessage-deflate; client_max_window_bits=11", bits: [2]int{0, 11}},
		{offer: "permessage-deflate; client_max_window_bits=9", wish: DeflateTerms{ClientWindowBits: 11}, want: "permessage-deflate", bits: [2]int{0, 9}},
		{offer: "permessage-deflate", wish: DeflateTerms{ClientWindowBits: 11}, want: "permessage-deflate"},

		// What is wrong is declined, and the next offer is looked at.
		{offer: "permessage-deflate; unknown"},
		{offer: "permessage-deflate; Server_no_context_takeover"},
		{offer: "permessage-deflate; server_no_context_takeover=1"},
		{offer: "permessage-deflate; client_no_context_takeover=true"},
		{offer: "permessage-deflate; server_max_window_bits"},
		{offer: "permessage-deflate; server_max_window_bits=7"},
		{offer: "permessage-deflate; server_max_window_bits=16"},
		{offer: "permessage-deflate; server_max_window_bits=09"},
		{offer: "permessage-deflate; server_max_window_bits=+9"},
		{offer: "permessage-deflate; server_max_window_bits=x"},
		{offer: "permessage-deflate; client_max_window_bits=7"},
		{offer: "permessage-deflate; client_max_window_bits=010"},
		{offer: "permessage-deflate; client_max_window_bits=99999999999999999999"},
		{offer: "permessage-deflate; client_max_window_bits; client_max_window_bits=10"},
		{offer: "permessage-deflate; server_no_context_takeover; server_no_context_takeover"},
		{
			offer: "foo, permessage-deflate; unknown=1, permessage-deflate; server_max_window_bits=10, permessage-deflate",
			want:  "permessage-deflate; server_max_window_bits=10", bits: [2]int{10, 0},
		},
	} {
		offers, err := ParseExtensions([]string{tc.offer})
		if err != nil {
			t.Fatal(err)
		}
		agreed, response, ok := AcceptDeflate(offers, tc.wish)
		if response != tc.want || ok != (tc.want != "") {
			t.Errorf("%q, wish %+v: %q, %v; want %q", tc.offer, tc.wish, response, ok, tc.want)
		}
		if !ok {
			continue
		}
		for i, got := range []int{agreed.ServerWindowBits, agreed.ClientWindowBits} {
			if want := windowBits(tc.bits[i]); got != want {
				t.Errorf("%q, wish %+v: %d window bits, want %d", tc.offer, tc.wish, got, want)
			}
		}
		if agreed.ServerNoTakeover != strings.Contains(response, serverNoTakeover) || agreed.ClientNoTakeover != strings.Contains(response, clientNoTakeover) {
			t.Errorf("%q, wish %+v: agreed %+v, response %q", tc.offer, tc.wish, agreed, response)
		}
	}
}

func TestCheckDeflate(t *testing.T) {
	all := DeflateTerms{true, true, 15, 15}
	alone := DeflateTerms{ServerNoTakeover: true, ClientNoTakeover: true}
	for _, tc := range []struct {
		wish     DeflateTerms
		response string
		want     *DeflateTerms // nil: the connection fails
	}{
		{response: "permessage-deflate", want: &DeflateTerms{false, false, 15, 15}},
		{alone, "permessage-deflate; server_no_context_takeover", &all},
		{alone, "permessage-deflate; server_no_context_takeover; client_no_context_takeover", &all},
		{alone, `permessage-deflate; server_no_context_takeover; client_max_window_bits="9"; server_max_window_bits=10`, &DeflateTerms{true, true, 10, 9}},
		{DeflateTerms{ServerWindowBits: 12, ClientWindowBits: 11}, "permessage-deflate; server_max_window_bits=12", &DeflateTerms{false, false, 12, 11}},
		{DeflateTerms{ServerWindowBits: 12, ClientWindowBits: 11}, "permessage-deflate; server_max_window_bits=8; client_max_window_bits=8", &DeflateTerms{false, false, 8, 8}},

		// The second offer.
		{alone, "permessage-deflate", &DeflateTerms{false, true, 15, 15}},
		{DeflateTerms{ServerWindowBits: 12}, "permessage-deflate", &DeflateTerms{false, false, 15, 15}},
		{DeflateTerms{ServerWindowBits: 12}, "permessage-deflate; server_max_window_bits=13", &DeflateTerms{false, false, 13, 15}},

		{DeflateTerms{ClientWindowBits: 12}, "permessage-deflate; client_max_window_bits=13", nil},
		{DeflateTerms{}, "permessage-deflate; client_max_window_bits", nil},
		{DeflateTerms{}, "permessage-deflate; server_max_window_bits=7", nil},
		{DeflateTerms{}, "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10", nil},
		{DeflateTerms{}, "permessage-deflate; server_no_context_takeover=x", nil},
		{DeflateTerms{}, "permessage-deflate; unknown", nil},
		{DeflateTerms{}, "permessage-deflate, permessage-deflate", nil},
		{DeflateTerms{}, "permessage-deflate, foo", nil},
		{DeflateTerms{}, "foo", nil},
		{DeflateTerms{}, "permessage-deflate;", nil},
	} {
		agreed, ok, err := CheckDeflate(tc.wish, []string{tc.response})
		if ok != (tc.want != nil) || (err == nil) != ok || ok && agreed != *tc.want {
			t.Errorf("wish %+v, response %q: %+v, %v, %v", tc.wish, tc.response, agreed, ok, err)
		}
	}
	for _, none := range [][]string{nil, {""}} {
		if _, ok, err := CheckDeflate(all, none); ok || err != nil {
			t.Errorf("response %q: %v, %v", none, ok, err)
		}
	}
}

func TestOfferDeflate(t *testing.T) {
	for want, wish := range map[string]DeflateTerms{
		"permessage-deflate; client_max_window_bits": {},
		"permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits" +
			", permessage-deflate; client_no_context_takeover; client_max_window_bits": {ServerNoTakeover: true, ClientNoTakeover: true},
		"permessage-deflate; server_max_window_bits=9; client_max_window_bits=10" +
			", permessage-deflate; client_max_window_bits=10": {ServerWindowBits: 9, ClientWindowBits: 10},
	} {
		if got := OfferDeflate(wish); got != want {
			t.Errorf("%+v: %q, want %q", wish, got, want)
		}
	}
}

// FuzzExtensions: whatever a field says, what is read from it is made of tokens,
// a server's answer to it is one that a client understands, and both then have
// agreed upon the same.
func FuzzExtensions(f *testing.F) {
	for _, s := range []string{
		"permessage-deflate", "permessage-deflate; client_max_window_bits, permessage-deflate;server_max_window_bits=\"9\"",
		"a;b=c,,d;e=\"f\\g\"", "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits=8",
	} {
		f.Add(s, false, uint8(0))
	}
	f.Fuzz(func(t *testing.T, field string, takeover bool, bits uint8) {
		list, err := ParseExtensions([]string{field})
		if err != nil {
			return
		}
		for _, ext := range list {
			for _, p := range ext.Params {
				if !IsToken(p.Name) || p.HasValue != (p.Value != "") || p.HasValue && !IsToken(p.Value) {
					t.Fatalf("parameter %+v", p)
				}
			}
			if !IsToken(ext.Name) {
				t.Fatalf("extension %q", ext.Name)
			}
		}
		wish := DeflateTerms{takeover, !takeover, int(bits&7) + 8, int(bits>>3&7) + 8}
		agreed, response, ok := AcceptDeflate(list, wish)
		if !ok {
			return
		}
		if agreed.ServerWindowBits > wish.ServerWindowBits || agreed.ServerWindowBits < 8 || agreed.ClientWindowBits < 8 || agreed.ClientWindowBits > 15 {
			t.Fatalf("agreed upon %+v", agreed)
		}
		got, ok, err := CheckDeflate(DeflateTerms{ClientWindowBits: agreed.ClientWindowBits, ClientNoTakeover: agreed.ClientNoTakeover}, []string{response})
		if !ok || err != nil || got != agreed {
			t.Fatalf("response %q: client has %+v, %v, %v, server %+v", response, got, ok, err, agreed)
		}
	})
}
