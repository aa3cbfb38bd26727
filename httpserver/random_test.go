package httpserver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
)

// chance makes a handler that takes bodies, and answers, in one of all the ways
// there are.
func chance(t *testing.T, rnd *rand.Rand, loop func() *ioloop.IOLoop) heads {
	answer := chanceAnswer(t, rnd, loop)
	pause := func() time.Duration { return time.Duration(rnd.IntN(50)) * time.Millisecond }
	return heads{chanceHead(t, rnd, loop, pause, answer), func(r *Request) {
		if rnd.IntN(4) > 0 {
			answer(r, len(r.Body()))
			return
		}
		inParts(t, rnd, loop, pause, answer, r)
	}}
}

// chanceHead leaves a body, or takes it in one of the ways there are.
func chanceHead(t *testing.T, rnd *rand.Rand, loop func() *ioloop.IOLoop, pause func() time.Duration, answer func(*Request, int)) func(*Request) {
	return func(r *Request) {
		switch rnd.IntN(6) {
		case 0:
			loop().Sleep(pause()).Await()
		case 1:
			inParts(t, rnd, loop, pause, answer, r)
		case 2:
			inParts(t, rnd, loop, pause, answer, r)
			loop().Sleep(pause()).Await()
		case 3:
			if err := r.TakeBody(); err != nil && !errors.Is(err, ErrClosed) {
				t.Error(err)
			}
			loop().AddTimeout(pause(), func() { inParts(t, rnd, loop, pause, answer, r) })
		case 4:
			n := 0
			for {
				p, err := r.NextPart()
				n += len(p)
				if err == io.EOF {
					answer(r, n)
				}
				if err != nil {
					return
				}
			}
		}
	}
}

// inParts takes a body by callbacks, some of which take their time.
func inParts(t *testing.T, rnd *rand.Rand, loop func() *ioloop.IOLoop, pause func() time.Duration, answer func(*Request, int), r *Request) {
	n := 0
	var next func([]byte, error)
	next = func(p []byte, err error) {
		n += len(p)
		early := rnd.IntN(2) == 0
		if err == nil && early {
			r.ReadBody(next)
		}
		if rnd.IntN(4) == 0 {
			loop().Sleep(pause()).Await()
		}
		if c := strings.Trim(string(p), "b"); c != "" {
			t.Errorf("a part became %q", c)
		}
		switch {
		case err == io.EOF:
			answer(r, n)
		case err == nil && !early:
			r.ReadBody(next)
		}
	}
	r.ReadBody(next)
}

// chanceAnswer answers a request with a body of n bytes.
func chanceAnswer(t *testing.T, rnd *rand.Rand, loop func() *ioloop.IOLoop) func(r *Request, n int) {
	return func(r *Request, n int) {
		text := fmt.Sprintf("%s %s %d", r.Method(), r.Target(), n)
		text += strings.Repeat(".", rnd.IntN(3)*rnd.IntN(20000))
		respond := func() {
			if err := r.Respond(200, nil, []byte(text)); err != nil && !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v", text[:20], err)
			}
		}
		stream := func() {
			length := int64(-1)
			if rnd.IntN(2) == 0 {
				length = int64(len(text))
			}
			err := r.StartResponse(200, nil, length)
			half := rnd.IntN(len(text))
			err = errors.Join(err, r.Write([]byte(text[:half]), nil))
			end := func() { r.Finish(nil) }
			if err = errors.Join(err, r.Write([]byte(text[half:]), end)); err != nil && !errors.Is(err, ErrClosed) {
				t.Errorf("%s: %v", text[:20], err)
			}
		}
		pause := time.Duration(rnd.IntN(50)) * time.Millisecond
		switch rnd.IntN(7) {
		case 0, 1:
			respond()
		case 2:
			loop().AddTimeout(pause, respond)
		case 3:
			loop().Sleep(pause).Await()
			respond()
		case 4:
			respond()
			loop().Sleep(pause).Await()
		case 5:
			stream()
		case 6:
			loop().Yield()
			stream()
		}
	}
}

// Clients ask in every way, handlers answer in every way, and every client gets
// its answers, in order, and no other's.
func TestAnyScheduleGivesTheSameAnswers(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		var rr *rig
		h := chance(t, rnd, func() *ioloop.IOLoop { return rr.loop })
		playHeads(t, nil, h.head, h.HandlerFunc, func(r *rig) {
			rr = r
			type side struct {
				*client
				in   string
				want []string
			}
			var sides []*side
			for i := range 4 {
				s := &side{client: r.dial()}
				for j := range 10 {
					s.want = append(s.want, s.ask(rnd, i, j, j == 9, &s.in))
				}
				sides = append(sides, s)
			}
			for left := true; left; {
				left = false
				for _, s := range sides {
					n := min(len(s.in), 1+rnd.IntN(1+rnd.IntN(1<<rnd.IntN(14))))
					if n > 0 {
						s.stream.Write([]byte(s.in[:n]), nil)
						s.in = s.in[n:]
						left = true
					}
				}
				if rnd.IntN(3) == 0 {
					r.turns(1)
				}
			}
			r.sleep(10 * time.Second)
			for i, s := range sides {
				s.check(t, seed, i, s.want)
			}
		})
	}
}

// ask adds a request to what is going to be sent and returns the beginning of
// its answer.
func (c *client) ask(rnd *rand.Rand, i, j int, last bool, in *string) string {
	target := fmt.Sprintf("/%d/%d", i, j)
	body := strings.Repeat("b", rnd.IntN(3)*rnd.IntN(5000))
	fields := "Host: h\r\n"
	if last {
		fields += "Connection: close\r\n"
	}
	switch {
	case body == "":
		*in += "GET " + target + " HTTP/1.1\r\n" + fields + "\r\n"
		return "GET " + target + " 0"
	case rnd.IntN(2) == 0:
		*in += fmt.Sprintf("POST %s HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n%s", target, fields, len(body), body)
	default:
		*in += fmt.Sprintf("POST %s HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", target, fields, len(body), body)
	}
	return fmt.Sprintf("POST %s %d", target, len(body))
}

// check reads the responses.
func (c *client) check(t *testing.T, seed uint64, i int, want []string) {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(c.got))
	for _, w := range want {
		resp, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatalf("seed %d, client %d, %s: %v", seed, i, w, err)
		}
		body, err := io.ReadAll(resp.Body)
		if got := strings.TrimRight(string(body), "."); got != w || err != nil {
			t.Fatalf("seed %d, client %d: %q, %v, want %q", seed, i, got, err, w)
		}
	}
	if n := in.Buffered(); n > 0 || !c.eof {
		t.Errorf("seed %d, client %d: %d bytes are left, eof is %v", seed, i, n, c.eof)
	}
}

// Clients that leave at any time, and a shutdown at any time, leave nothing
// behind; play looks whether they do.
func TestLeavingAtAnyTimeLeavesNothing(t *testing.T) {
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		var rr *rig
		h := chance(t, rnd, func() *ioloop.IOLoop { return rr.loop })
		playHeads(t, nil, h.head, h.HandlerFunc, func(r *rig) {
			rr = r
			for i := range 8 {
				c := r.dial()
				var in string
				for j := range 5 {
					c.ask(rnd, i, j, false, &in)
				}
				if err := c.stream.Write([]byte(in[:rnd.IntN(len(in))]), nil); err != nil {
					t.Fatal(err)
				}
				r.turns(rnd.IntN(10))
				switch rnd.IntN(3) {
				case 0:
					c.stream.Close()
				case 1:
					c.stream.CloseWrite()
				}
			}
			r.sleep(100 * time.Millisecond)
		})
	}
}
