package httpclient

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

func TestOneAtATime(t *testing.T) {
	host := func(p *peer) {
		for p.request() != "" {
			p.r.sleep(time.Second)
			p.say(answer(200, "hello"))
		}
	}
	inMemory(t, &ClientOptions{OneAtATime: true}, host, func(r *rig) {
		first := r.client.Fetch("http://host/", nil)
		r.fails("http://host/", nil, ErrBusy)
		if resp, err := first.Await(); err != nil || string(resp.Body) != "hello" {
			t.Errorf("%v", err)
		}
		// It is free before whoever waited for the first goes on.
		r.client.Fetch("http://host/", nil).Then(func(*Response, error) {
			r.client.Fetch("http://host/", nil).Then(func(_ *Response, err error) {
				if err != nil {
					t.Errorf("%v", err)
				}
			})
		})
		r.sleep(10 * time.Second)
	})
}

func TestConnectionsToOneHostAreLimited(t *testing.T) {
	most := 0
	host := func(p *peer) {
		for p.request() != "" {
			p.r.sleep(time.Second)
			p.say(answer(200, ""))
		}
	}
	inMemory(t, &ClientOptions{MaxConnsPerHost: 3}, host, func(r *rig) {
		var order []int
		var all []*ioloop.Future[*Response]
		for i := range 10 {
			f := r.client.Fetch("http://host/", nil)
			f.Then(func(_ *Response, err error) {
				order = append(order, i)
				most = max(most, r.client.Connections())
				if err != nil {
					t.Errorf("%d: %v", i, err)
				}
			})
			all = append(all, f)
		}
		other := r.client.Fetch("http://other/", nil)
		began := r.clock.Now()
		if _, err := other.Await(); err != nil {
			t.Error(err)
		}
		for _, f := range all {
			f.Await()
		}
		r.turns(2)
		if fmt.Sprint(order) != "[0 1 2 3 4 5 6 7 8 9]" || most > 4 || len(r.peers) != 4 {
			t.Errorf("order %v, %d connections, %d in all", order, most, len(r.peers))
		}
		if d := r.clock.Now() - began; d > 5*time.Second {
			t.Errorf("after %v", d)
		}
	})
}

// When a connection ends, who waits may make another one.
func TestWaitersGoOnWhenAConnectionEnds(t *testing.T) {
	host := func(p *peer) {
		p.request()
		switch p.number % 3 {
		case 0:
			p.say(answer(200, "ok", "Connection: close"))
		case 1:
			p.hangUp()
		case 2:
			p.say("garbage")
		}
	}
	inMemory(t, &ClientOptions{MaxConnsPerHost: 1}, host, func(r *rig) {
		good := 0
		var all []*ioloop.Future[*Response]
		for range 9 {
			all = append(all, r.client.Fetch("http://host/", nil))
		}
		for _, f := range all {
			if _, err := f.Await(); err == nil {
				good++
			}
		}
		if good != 3 || len(r.peers) != 9 {
			t.Errorf("%d responses over %d connections", good, len(r.peers))
		}
	})
}

func TestIdleConnectionsAreLimited(t *testing.T) {
	inMemory(t, &ClientOptions{MaxIdlePerHost: 2, MaxIdle: 3, IdleTimeout: time.Minute}, always(answer(200, "")), func(r *rig) {
		burst := func(host string, n int) {
			var all []*ioloop.Future[*Response]
			for range n {
				all = append(all, r.client.Fetch("http://"+host+"/", nil))
			}
			for _, f := range all {
				if _, err := f.Await(); err != nil {
					t.Error(err)
				}
			}
			r.turns(5)
		}
		burst("a", 4)
		if n := r.client.Connections(); n != 2 {
			t.Errorf("%d connections", n)
		}
		burst("b", 2)
		if n := r.client.Connections(); n != 3 || r.client.pool.idling != 3 {
			t.Errorf("%d connections", n)
		}
		r.sleep(50 * time.Second)
		burst("b", 1)
		r.sleep(15 * time.Second) // all but that one have been idle for more than a minute
		if n := r.client.Connections(); n != 1 || len(r.client.pool.hosts) != 1 {
			t.Errorf("%d connections", n)
		}
		r.client.CloseIdle()
		r.turns(5)
		if n := r.client.Connections(); n != 0 {
			t.Errorf("%d connections", n)
		}
		burst("a", 1)
	})
}

// The last one that was used is used first, so that the others may time out.
func TestTheNewestConnectionIsUsed(t *testing.T) {
	var used []int
	host := func(p *peer) {
		for p.request() != "" {
			used = append(used, p.number)
			p.say(answer(200, ""))
		}
	}
	inMemory(t, nil, host, func(r *rig) {
		a, b := r.client.Fetch("http://host/", nil), r.client.Fetch("http://host/", nil)
		a.Await()
		b.Await()
		for range 3 {
			r.get("http://host/", nil, "")
		}
		if fmt.Sprint(used) != "[1 2 2 2 2]" {
			t.Errorf("%v", used)
		}
	})
}

func TestWhatConnectionsAreKept(t *testing.T) {
	inMemory(t, nil, always(answer(200, "")), func(r *rig) {
		for _, x := range []struct {
			o    *Options
			kept bool
		}{
			{nil, true}, {&Options{NoKeepAlive: true}, false}, {&Options{HTTP10: true}, false},
		} {
			resp := r.get("http://host/", x.o, "")
			r.turns(5)
			if r.client.Connections() == 1 != x.kept || resp.Request.Has("Connection") != (x.o != nil && x.o.NoKeepAlive) {
				t.Errorf("%+v: %d connections, asked for with %v", x.o, r.client.Connections(), resp.Request)
			}
		}
	})
}

// A host that closes a connection when it is idle, or says so.
func TestAnIdleConnectionThatEnds(t *testing.T) {
	for _, say := range []string{"", answer(408, ""), "x"} {
		host := func(p *peer) {
			p.request()
			p.say(answer(200, "hello"))
			p.r.sleep(time.Second)
			p.say(say)
			p.hangUp()
		}
		inMemory(t, nil, host, func(r *rig) {
			r.get("http://host/", nil, "hello")
			r.sleep(5 * time.Second)
			if r.client.Connections() != 0 {
				t.Errorf("%q: the connection is still there", say)
			}
			r.get("http://host/", &Options{Method: "POST"}, "hello")
		})
	}
}

// A connection that has ended, and whose end has not been told yet, is not used.
func TestAnIdleConnectionThatHasJustEnded(t *testing.T) {
	inMemory(t, nil, always(answer(200, "hello")), func(r *rig) {
		for range 3 {
			r.get("http://host/", nil, "hello")
			r.turns(3)
			r.client.pool.idle.next.stream.Close()
			r.get("http://host/", &Options{Method: "POST"}, "hello")
		}
		if len(r.peers) != 4 || len(r.client.pool.hosts) != 1 {
			t.Errorf("%d connections, %d hosts", len(r.peers), len(r.client.pool.hosts))
		}
	})
}

// badJar has a cookie that cannot be sent, for a while.
type badJar struct{ bad bool }

func (j *badJar) SetCookies(*url.URL, []*http.Cookie) {}
func (j *badJar) Cookies(*url.URL) []*http.Cookie {
	if j.bad {
		return []*http.Cookie{{Name: "a\r\n", Value: "b"}}
	}
	return nil
}

// A request that turns out to be impossible leaves a connection that is good.
func TestAConnectionThatWasNotUsedIsKept(t *testing.T) {
	jar := &badJar{bad: true}
	inMemory(t, &ClientOptions{Jar: jar}, always(answer(200, "hello")), func(r *rig) {
		r.fails("http://host/", nil, ErrInvalidRequest)
		r.turns(3)
		jar.bad = false
		r.get("http://host/", nil, "hello")
		if len(r.peers) != 1 {
			t.Errorf("%d connections", len(r.peers))
		}
		jar.bad = true
		r.fails("http://host/", nil, ErrInvalidRequest)
		r.peers[0].stream.Close()
		r.turns(5)
		if r.client.Connections() != 0 {
			t.Error("the end of the connection was not noticed")
		}
	})
}

// dying hosts answer the first request of a connection and are gone before the
// second one. The host in memory does not tell before it is asked.
func dying(say string) func(*peer) {
	return func(p *peer) {
		p.request()
		p.say(answer(200, "hello"))
		if p.request() != "" {
			p.say(say)
			p.hangUp()
		}
	}
}

func TestADeadConnectionIsReplacedOnce(t *testing.T) {
	for _, x := range []struct {
		method  string
		field   string
		say     string
		retried bool
	}{
		{"GET", "", "", true}, {"HEAD", "", "", true}, {"PUT", "", "", true}, {"DELETE", "", "", true}, {"OPTIONS", "", "", true},
		{"POST", "", "", false}, {"PATCH", "", "", false}, {"POST", "Idempotency-Key", "", true},
		{"GET", "", answer(408, "", "Connection: close"), true}, {"GET", "", "H", false}, {"GET", "", "HTTP/1.1 100 x\r\n\r\n", false},
	} {
		inMemory(t, nil, dying(x.say), func(r *rig) {
			r.get("http://host/", nil, "hello")
			o := &Options{Method: x.method, Headers: new(Header)}
			if x.field != "" {
				o.Headers.Add(x.field, "1")
			}
			if x.method == "PUT" {
				o.Body = []byte("body")
			}
			resp := r.fetch("http://host/", o)
			if (resp.Error == nil) != x.retried || x.retried != (len(r.peers) == 2) {
				t.Errorf("%s %q: %v after %d connections", x.method, x.say, resp.Error, len(r.peers))
			}
		})
	}
	// The second connection is a new one, and if that fails, it fails.
	host := func(p *peer) {
		p.request()
		if p.number <= 2 {
			p.say(answer(200, "hello"))
			p.request()
		}
		p.hangUp()
	}
	inMemory(t, nil, host, func(r *rig) {
		a, b := r.client.Fetch("http://host/", nil), r.client.Fetch("http://host/", nil)
		a.Await()
		b.Await()
		r.fails("http://host/", nil, ErrNoHeaders)
		if len(r.peers) != 3 {
			t.Errorf("%d connections", len(r.peers))
		}
	})
}

// A fresh connection takes the place of one that was kept, when there is no
// room for both.
func TestAFreshConnectionGetsRoom(t *testing.T) {
	host := func(p *peer) {
		for n := 0; p.request() != ""; n++ {
			if p.number == 1 && n == 1 {
				p.hangUp()
				return
			}
			p.r.sleep(time.Second)
			p.say(answer(200, "hello"))
		}
	}
	for _, others := range []int{0, 1, 2} {
		inMemory(t, &ClientOptions{MaxConnsPerHost: 1}, host, func(r *rig) {
			r.get("http://host/", nil, "hello")
			first := r.client.Fetch("http://host/", nil) // over a connection that dies
			began := r.clock.Now()
			for range others {
				r.client.Fetch("http://host/", nil)
			}
			if resp, err := first.Await(); err != nil || string(resp.Body) != "hello" || r.clock.Now()-began > 10*time.Second {
				t.Errorf("with %d others: %v after %v", others, err, r.clock.Now()-began)
			}
			for r.client.Pending() > 0 {
				r.sleep(time.Second)
			}
		})
	}
	// And that of idle ones.
	inMemory(t, &ClientOptions{MaxConnsPerHost: 2}, dying(""), func(r *rig) {
		a, b := r.client.Fetch("http://host/", nil), r.client.Fetch("http://host/", nil)
		a.Await()
		b.Await()
		r.get("http://host/", nil, "hello")
		if len(r.peers) != 3 {
			t.Errorf("%d connections", len(r.peers))
		}
	})
}

// A body that can be read once cannot be sent over another connection.
func TestADeadConnectionAndABody(t *testing.T) {
	for _, again := range []bool{true, false} {
		inMemory(t, nil, dying(""), func(r *rig) {
			r.get("http://host/", nil, "hello")
			o := &Options{Method: "PUT", BodyReader: strings.NewReader("body"), BodyLength: 4}
			if !again {
				o.BodyReader, o.BodyFunc = nil, strings.NewReader("body").Read
			}
			if resp := r.fetch("http://host/", o); (resp.Error == nil) != again {
				t.Errorf("%v: %v", again, resp.Error)
			}
		})
	}
}

func TestManyFetches(t *testing.T) {
	host := func(p *peer) {
		for n := 0; p.request() != ""; n++ {
			if p.number%7 == 0 && n > 3 {
				p.say(answer(200, "hello", "Connection: close"))
				return
			}
			p.say(answer(200, "hello"))
		}
	}
	inMemory(t, &ClientOptions{MaxConnsPerHost: 10}, host, func(r *rig) {
		done := 0
		for i := range 2000 {
			r.client.Fetch(fmt.Sprintf("http://host%d/", i%3), nil).Then(func(resp *Response, err error) {
				done++
				if err != nil || string(resp.Body) != "hello" {
					t.Errorf("%v", err)
				}
			})
		}
		for r.client.Pending() > 0 {
			r.turns(1)
		}
		r.turns(2)
		if done != 2000 || r.client.Connections() > 30 {
			t.Errorf("%d done, %d connections", done, r.client.Connections())
		}
	})
}

// brittleJar panics in one of its methods, and so does its Proxy, when it is the
// other's turn.
type brittleJar struct {
	where string
	calls int
}

func (j *brittleJar) hit(where string) {
	if j.where == where {
		j.calls++
		panic("on purpose")
	}
}

func (j *brittleJar) SetCookies(*url.URL, []*http.Cookie) { j.hit("SetCookies") }
func (j *brittleJar) Cookies(*url.URL) []*http.Cookie     { j.hit("Cookies"); return nil }
func (j *brittleJar) Proxy(u *url.URL) (p *url.URL, err error) {
	j.hit("Proxy " + u.Path)
	return nil, nil
}

// A panic of a jar or a proxy function ends its fetch at once, wherever it is,
// and no other one.
func TestPanicsOfOptions(t *testing.T) {
	for _, where := range []string{"SetCookies", "Cookies", "Proxy /", "Proxy /next"} {
		jar := &brittleJar{where: where}
		inMemory(t, &ClientOptions{Jar: jar, Proxy: jar.Proxy}, func(p *peer) {
			for p.request() != "" {
				p.say(answer(302, "", "Location: /next", "Set-Cookie: a=b"))
			}
		}, func(r *rig) {
			r.mute = true
			_, err := r.client.Fetch("http://h/", nil).Await()
			if !errors.Is(err, ErrCallback) || !errors.Is(err, iostream.ErrPanic) || jar.calls != 1 || len(r.log) != 1 {
				t.Errorf("%s: %v, %d calls, logged %q", where, err, jar.calls, r.log)
			}
		})
	}
}
