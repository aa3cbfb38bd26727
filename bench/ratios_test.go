package main

import "testing"

// What is true on every machine, whatever it is busy with: how the costs of our
// own servers relate to each other. The bounds are far from what is measured on a
// quiet machine, which stands beside them; they are passed when something costs
// what it must not, such as a system call or an allocation for each message.
func TestCostsRelateAsTheyShould(t *testing.T) {
	if testing.Short() {
		t.Skip("measures")
	}
	if _, err := compiler(); err != nil {
		t.Skip(err)
	}
	b, err := newLab()
	if err != nil {
		t.Fatal(err)
	}
	defer b.close()
	type variant struct{ suite, server string }
	for _, tt := range []struct {
		what    string
		of, to  variant
		atMost  float64
		usually float64
	}{
		{"a framework costs little beside its server", variant{"get", "turbo"}, variant{"get", "turbo-raw"}, 1.6, 1.05},
		{"the access log costs little", variant{"log", "turbo-log"}, variant{"log", "turbo"}, 2.0, 1.1},
		{"pipelined requests share system calls", variant{"pipelined", "turbo"}, variant{"get", "turbo"}, 0.4, 0.12},
		{"messages in flight share system calls", variant{"ws16", "turbo"}, variant{"ws64", "turbo"}, 0.3, 0.08},
		{"a broadcast costs no more than answers", variant{"broadcast", "turbo"}, variant{"ws64", "turbo"}, 0.9, 0.4},
		{"a kilobyte costs little more than 64 bytes", variant{"ws1k", "turbo"}, variant{"ws64", "turbo"}, 1.8, 1.1},
		{"1,000 connections cost little more than 10", variant{"ws1000", "turbo"}, variant{"ws10", "turbo"}, 2.0, 1.2},
		{"no more than net/http, with TLS", variant{"https", "turbo"}, variant{"https", "nethttp"}, 0.95, 0.5},
	} {
		t.Run(tt.what, func(t *testing.T) {
			if suiteNamed(t, tt.of.suite).mode == "https" && !b.tls {
				t.Skip("no headers of OpenSSL")
			}
			// A machine that does something else now and then gets another chance.
			var ratios []float64
			for attempt := range 3 {
				for range 3 {
					of := micros(t, b, tt.of.suite, tt.of.server)
					to := micros(t, b, tt.to.suite, tt.to.server)
					ratios = append(ratios, of/to)
				}
				m := median(ratios)
				t.Logf("%.2f times as much, usually about %.2f", m, tt.usually)
				if m <= tt.atMost {
					return
				}
				t.Logf("attempt %d: more than %.2f: %.2f", attempt+1, tt.atMost, ratios)
			}
			t.Errorf("more than %.2f times as much, three times over", tt.atMost)
		})
	}
}

func suiteNamed(t *testing.T, name string) *suite {
	t.Helper()
	for i := range suites {
		if suites[i].name == name {
			return &suites[i]
		}
	}
	t.Fatal("no suite", name)
	return nil
}

func micros(t *testing.T, b *lab, name, server string) float64 {
	t.Helper()
	m, err := b.one(suiteNamed(t, name), server, 0.3)
	if err != nil {
		t.Fatal(name, server, err)
	}
	if m.Micros <= 0 {
		t.Skip("too little CPU time to tell: the machine has no time for it")
	}
	return m.Micros
}
