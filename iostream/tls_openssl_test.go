package iostream_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/turbogo/turbo/ioloop"
	"github.com/turbogo/turbo/iostream"
)

// openssl is a program of OpenSSL that is talked to by its standard input and
// output, off the loop.
type openssl struct {
	cmd  *exec.Cmd
	in   io.WriteCloser
	seen *transcript
}

// transcript is what a program has said so far.
type transcript struct {
	text chan []byte   // all of it; who has it in hand has it alone
	more chan struct{} // something was added
}

func (s *transcript) Write(p []byte) (int, error) {
	s.text <- append(<-s.text, p...)
	select {
	case s.more <- struct{}{}:
	default:
	}
	return len(p), nil
}

// String returns what was said.
func (s *transcript) String() string {
	text := <-s.text
	defer func() { s.text <- text }()
	return string(text)
}

// needOpenSSL ends the test where there is no OpenSSL. What it does is tested
// without it as well, see tls_keys_test.go; that others agree is not.
func needOpenSSL(t *testing.T) string {
	t.Helper()
	version, err := exec.Command("openssl", "version").Output()
	if err != nil || !bytes.HasPrefix(version, []byte("OpenSSL ")) {
		t.Skipf("there is no OpenSSL here to talk to: %s %v", version, err)
	}
	return "openssl"
}

func startOpenSSL(t *testing.T, args ...string) *openssl {
	t.Helper()
	o := &openssl{cmd: exec.Command(needOpenSSL(t), args...), seen: &transcript{make(chan []byte, 1), make(chan struct{}, 1)}}
	o.seen.text <- nil
	in, err := o.cmd.StdinPipe()
	must(t, err)
	o.in, o.cmd.Stdout, o.cmd.Stderr = in, o.seen, o.seen
	must(t, o.cmd.Start())
	t.Cleanup(func() {
		in.Close()
		o.cmd.Process.Kill()
		if err := o.cmd.Wait(); err != nil && !errors.As(err, new(*exec.ExitError)) {
			t.Error(err)
		}
	})
	return o
}

// expect waits until the program has said text so many times.
func (o *openssl) expect(text string, times int) error {
	return o.wait(text, func(seen string) bool { return strings.Count(seen, text) >= times })
}

// wait waits until what the program has said is enough.
func (o *openssl) wait(what string, enough func(string) bool) error {
	limit := time.NewTimer(30 * time.Second)
	defer limit.Stop()
	for !enough(o.seen.String()) {
		select {
		case <-o.seen.more:
		case <-limit.C:
			return fmt.Errorf("waited for %q in vain:\n%s", what, o.seen)
		}
	}
	return nil
}

// accepts waits until the server program has told its address, and returns that.
func (o *openssl) accepts() (address string, err error) {
	err = o.wait("an address", func(seen string) (complete bool) {
		_, rest, _ := strings.Cut(seen, "ACCEPT ")
		address, _, complete = strings.Cut(rest, "\n")
		return complete
	})
	return address, err
}

// talk types lines. One that is "k" or "K" has openssl change its keys, with
// "K" also ours; others are data, which the peer sends back or logs.
func (o *openssl) talk(lines ...string) error {
	updates := 0
	for i, line := range lines {
		if _, err := io.WriteString(o.in, line+"\n"); err != nil {
			return err
		}
		var err error
		if line == "k" || line == "K" {
			updates++
			err = o.expect("KEYUPDATE", updates) // it takes a whole read for one command
		} else {
			err = o.expect(fmt.Sprintf("<%s>", line), 1)
		}
		if err != nil {
			return fmt.Errorf("line %d: %w", i, err)
		}
	}
	return nil
}

// bracketed sends each line back in angle brackets.
func bracketed(t *testing.T, s *iostream.IOStream) {
	var next func()
	next = func() {
		if s.Closed() {
			return
		}
		must(t, s.ReadUntil("\n", func(p []byte) {
			must(t, s.Write(fmt.Appendf(nil, "<%s>\n", bytes.TrimSpace(p)), nil))
			next()
		}))
	}
	next()
}

// keyChanges is talk with changes of keys of both kinds, one after the other.
var keyChanges = []string{"one", "k", "two", "K", "three", "K", "k", "four", "five", "K", "six"}

func TestOpenSSLAsClient(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	caFile := ca.WriteCA(t.TempDir())
	tests := []struct {
		name  string
		args  []string
		lines []string
	}{
		{"1.3", []string{"-tls1_3", "-msg"}, keyChanges},
		{"1.2", []string{"-tls1_2"}, []string{"one", "two", strings.Repeat("x", 9000)}},
		{"1.2 CBC", []string{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"}, []string{"one", strings.Repeat("x", 9000)}},
		{"small records", []string{"-tls1_3", "-max_send_frag", "512"}, []string{strings.Repeat("y", 6000), "K", "end"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			needOpenSSL(t)
			l := realLoop(t)
			ln, err := iostream.Listen(l, "tcp", "127.0.0.1:0", &iostream.ListenOptions{TLS: ca.Server()}, func(s *iostream.IOStream) {
				bracketed(t, s)
				s.SetCloseCallback(func() {
					if s.Err() != io.EOF {
						t.Errorf("the stream ended with %v", s.Err())
					}
					l.Close()
				})
			})
			must(t, err)
			args := append([]string{"s_client", "-connect", ln.Addr().String(), "-servername", "server.test",
				"-CAfile", caFile, "-verify_return_error", "-verify_hostname", "server.test"}, test.args...)
			o := startOpenSSL(t, args...)
			ioloop.Offload(l, func() (struct{}, error) {
				if err := o.talk(test.lines...); err != nil {
					return struct{}{}, err
				}
				_, err := io.WriteString(o.in, "Q\n")
				return struct{}{}, err
			}).Then(func(_ struct{}, err error) {
				if err != nil {
					t.Error(err)
					l.Close()
				}
			})
			run(t, l)
			ln.Close()
			if want := count(test.lines, "K"); test.name == "1.3" && strings.Count(o.seen.String(), "<<< TLS 1.3, Handshake [length 0005], KeyUpdate") < want {
				t.Errorf("fewer than %d of our keys were changed:\n%s", want, o.seen)
			}
		})
	}
}

func count(lines []string, what string) (n int) {
	for _, line := range lines {
		if line == what {
			n++
		}
	}
	return n
}

func TestOpenSSLAsServer(t *testing.T) {
	ca := iostream.NewAuthority(t, "test")
	for _, version := range []string{"-tls1_3", "-tls1_2"} {
		t.Run(version, func(t *testing.T) {
			needOpenSSL(t)
			cert, key := ca.WriteFiles(t.TempDir(), ca.Issue("server.test", time.Now().Add(time.Hour)))
			o := startOpenSSL(t, "s_server", "-accept", "127.0.0.1:0", "-cert", cert, "-key", key, version, "-msg", "-naccept", "1")
			address, err := o.accepts()
			must(t, err)
			l := realLoop(t)
			var s *iostream.IOStream
			s = iostream.Connect(l, "tcp", address, &iostream.Options{TLS: ca.Client()}, func(err error) {
				must(t, err)
				bracketed(t, s)
			})
			lines := keyChanges
			if version == "-tls1_2" {
				lines = []string{"one", "two"}
			}
			ioloop.Offload(l, func() (struct{}, error) {
				if err := o.expect("CIPHER is", 1); err != nil { // it does not listen to commands before
					return struct{}{}, err
				}
				return struct{}{}, o.talkAsServer(lines)
			}).Then(func(_ struct{}, err error) {
				if err != nil {
					t.Error(err)
				}
				s.Close()
				l.Close()
			})
			run(t, l)
			must(t, l.AddCallback(l.Close).Start()) // close_notify is on its way
			must(t, o.expect("DONE", 1))
			if want := count(lines, "K"); strings.Count(o.seen.String(), "<<< TLS 1.3, Handshake [length 0005], KeyUpdate") < want {
				t.Errorf("fewer than %d of our keys were changed:\n%s", want, o.seen)
			}
		})
	}
}

// talkAsServer is talk to the server program, whose commands are the same, but
// the update leaves at once and is not announced.
func (o *openssl) talkAsServer(lines []string) error {
	updates := 0
	for _, line := range lines {
		if _, err := io.WriteString(o.in, line+"\n"); err != nil {
			return err
		}
		err := error(nil)
		if line == "k" || line == "K" {
			updates++
			err = o.expect(">>> TLS 1.3, Handshake [length 0005], KeyUpdate", updates)
		} else {
			err = o.expect(fmt.Sprintf("<%s>", line), 1)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
