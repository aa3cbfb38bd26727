package httpserver

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/turbogo/turbo/iostream"
)

// echoTLS tells what came, and by which way.
var echoTLS = HandlerFunc(func(r *Request) {
	if r.TLS() == nil {
		r.Respond(500, nil, []byte("no TLS"))
		return
	}
	h := new(Header)
	h.Add("X-Scheme", r.Scheme())
	h.Add("X-Resumed", fmt.Sprint(r.TLS().DidResume))
	for _, c := range r.TLS().PeerCertificates {
		h.Add("X-Certificate", c.SerialNumber.String())
	}
	if string(r.Path()) != "/stream" {
		r.Respond(200, h, r.Body())
		return
	}
	r.StartResponse(200, h, -1)
	left := 40
	var more func()
	more = func() {
		if left--; left < 0 {
			r.Finish(nil)
			return
		}
		r.Write(bytes.Repeat([]byte{byte('a' + left%26)}, 7001*(1+left%5)), more)
	}
	more()
})

// pemFiles writes a key pair as the tools want it.
func pemFiles(t *testing.T, pair tls.Certificate) (cert, key string) {
	t.Helper()
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	der, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: pair.Certificate[0]},
		key:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestCurlSpeaksTLS(t *testing.T) {
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl here; the standard library's client is another one")
	}
	pair, _ := certificate(t)
	cert, key := pemFiles(t, pair)
	files := iostream.TLSFiles{CertFile: cert, KeyFile: key}
	conf, err := files.Server()
	if err != nil {
		t.Fatal(err)
	}
	s := serveTCP(t, &Options{TLS: conf}, echoTLS)
	url := "https://" + s.addr + "/"
	large := filepath.Join(t.TempDir(), "large")
	if err := os.WriteFile(large, bytes.Repeat([]byte("0123456789abcdef"), 200_000), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{url, "-d", "hello", "-w", " %{http_code} %{http_version} %{ssl_verify_result}"}, "hello 200 1.1 0"},
		{[]string{url, "--http2", "-d", "hello", "-w", " %{http_code} %{http_version}"}, "hello 200 1.1"},
		{[]string{url, url, url, "-d", "x", "-w", " %{num_connects},"}, "x 1,x 0,x 0,"},
		{[]string{url, "--tlsv1.3", "-d", "new"}, "new"},
		{[]string{url, "--tls-max", "1.2", "-d", "old"}, "old"},
		{[]string{url, "-o", os.DevNull, "--data-binary", "@" + large, "-w", "%{size_download}"}, "3200000"},
		{[]string{url, "-o", os.DevNull, "--data-binary", "@" + large, "-H", "Transfer-Encoding: chunked", "-w", "%{size_download}"}, "3200000"},
		{[]string{url + "stream", "-o", os.DevNull, "-w", "%{http_code} %{size_download}"}, "200 840120"},
		{[]string{url, "-I", "-o", os.DevNull, "-w", "%{http_code}"}, "200"},
	}
	for _, test := range tests {
		args := append([]string{"--silent", "--show-error", "--noproxy", "*", "--max-time", "60", "--cacert", cert}, test.args...)
		got, err := exec.Command("curl", args...).CombinedOutput()
		if string(got) != test.want || err != nil {
			t.Errorf("curl %q: %q, %v, want %q", test.args, got, err, test.want)
		}
	}
	s.mute.Store(true)
	got, err := exec.Command("curl", "--silent", "--noproxy", "*", "-w", "%{http_code}", "http://"+s.addr).Output()
	if string(got) != "This port speaks HTTPS.\n400" || err != nil {
		t.Errorf("curl in the clear: %q, %v", got, err)
	}
	var exit *exec.ExitError
	err = exec.Command("curl", "--silent", "--noproxy", "*", url).Run()
	if !errors.As(err, &exit) || exit.ExitCode() != 60 { // CURLE_PEER_FAILED_VERIFICATION
		t.Errorf("curl without the authority: %v", err)
	}
	s.stop()
}

func TestOpenSSLSpeaksHTTP(t *testing.T) {
	if version, err := exec.Command("openssl", "version").Output(); err != nil || !bytes.HasPrefix(version, []byte("OpenSSL ")) {
		t.Skipf("there is no OpenSSL here: %s %v", version, err)
	}
	pair, _ := certificate(t)
	cert, _ := pemFiles(t, pair)
	s := serveTCP(t, &Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, echoTLS)
	const post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n%s\r\nword%d"
	cmd := exec.Command("openssl", "s_client", "-connect", s.addr, "-CAfile", cert, "-verify_return_error", "-quiet", "-alpn", "h2,http/1.1")
	cmd.Stdin = strings.NewReader(fmt.Sprintf(post, "", 1) + fmt.Sprintf(post, "", 2) + fmt.Sprintf(post, "Connection: close\r\n", 3))
	got, err := cmd.Output()
	text := string(got)
	if err != nil || strings.Count(text, "HTTP/1.1 200 OK") != 3 || !strings.HasSuffix(text, "\r\n\r\nword3") {
		t.Errorf("got %q, %v", text, err)
	}
	s.stop()
}

// tlsClient returns one that trusts the pool, with a connection for each request.
func tlsClient(pool *x509.CertPool) (*http.Client, *http.Transport) {
	transport := &http.Transport{
		TLSClientConfig:   &tls.Config{RootCAs: pool, ServerName: "127.0.0.1", ClientSessionCache: tls.NewLRUClientSessionCache(0)},
		DisableKeepAlives: true,
		ForceAttemptHTTP2: true,
	}
	return &http.Client{Transport: transport}, transport
}

func fetchTLS(t *testing.T, c *http.Client, url string) (*http.Response, string) {
	t.Helper()
	resp, err := c.Get(url)
	if err != nil {
		t.Error(err)
		return nil, ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Error(err)
	}
	return resp, string(body)
}

// TestServersThatShareAConfigurationShareSessions, with what has to be changed
// in it for HTTP, and without.
func TestServersThatShareAConfigurationShareSessions(t *testing.T) {
	pair, pool := certificate(t)
	for _, protocols := range [][]string{nil, {"http/1.1"}, {"h2", "http/1.1"}, {"h2"}} {
		conf := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: protocols}
		one := serveTCP(t, &Options{TLS: conf}, echoTLS)
		two := serveTCP(t, &Options{TLS: conf}, echoTLS)
		c, _ := tlsClient(pool)
		for i, s := range []*tcpServer{one, two, one, two} {
			resp, _ := fetchTLS(t, c, "https://"+s.addr)
			if resp == nil || resp.ProtoMajor != 1 || resp.Header.Get("X-Resumed") != fmt.Sprint(i > 0) {
				t.Errorf("%q: request %d: %+v", protocols, i, resp)
			}
		}
		if len(conf.NextProtos) != len(protocols) {
			t.Error("the configuration was changed")
		}
		one.stop()
		two.stop()
	}
}

func TestMutualTLS(t *testing.T) {
	pair, pool := certificate(t)
	s := serveTCP(t, &Options{TLS: &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAnyClientCert,
	}}, echoTLS)
	c, transport := tlsClient(pool)
	transport.TLSClientConfig.Certificates = []tls.Certificate{pair}
	if resp, _ := fetchTLS(t, c, "https://"+s.addr); resp == nil || resp.Header.Get("X-Certificate") != "1" {
		t.Errorf("got %+v", resp)
	}
	s.mute.Store(true)
	c, _ = tlsClient(pool)
	var alert *net.OpError
	if resp, err := c.Get("https://" + s.addr); !errors.As(err, &alert) {
		t.Errorf("without a certificate: %v, %v", resp, err)
	}
	s.stop()
}

// TestManyHandshakesAtOnce: more than may be under way have to wait, and are
// served all the same.
func TestManyHandshakesAtOnce(t *testing.T) {
	pair, pool := certificate(t)
	s := serveTCP(t, &Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}, MaxHandshakes: 3}, echoTLS)
	var all sync.WaitGroup
	for range 60 {
		all.Go(func() {
			c, _ := tlsClient(pool)
			if resp, body := fetchTLS(t, c, "https://"+s.addr+"/stream"); resp == nil || len(body) != 840120 {
				t.Errorf("%d bytes", len(body))
			}
		})
	}
	all.Wait()
	s.stop()
}

// TestShutdownDuringHandshakes: who has not said anything yet is not waited for.
func TestShutdownDuringHandshakes(t *testing.T) {
	pair, _ := certificate(t)
	s := serveTCP(t, &Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, echoTLS)
	silent := s.dial()
	hello := s.dial()
	io.WriteString(hello, "\x16\x03\x01\x02\x00\x01")
	s.stop()
	for _, c := range []net.Conn{silent, hello} {
		if n, err := c.Read(make([]byte, 10)); n != 0 || err == nil {
			t.Errorf("read %d bytes, %v", n, err)
		}
		c.Close()
	}
}

func TestSlowHandshakesAreCutOff(t *testing.T) {
	pair, _ := certificate(t)
	s := serveTCP(t, &Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}, HandshakeTimeout: time.Millisecond}, echoTLS)
	s.mute.Store(true)
	c := s.dial()
	if got, err := io.ReadAll(c); len(got) != 0 || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	c.Close()
	s.stop()
}

// TestSuspendedHandlersOverTLS: pipelined requests wait for the handler before
// them.
func TestSuspendedHandlersOverTLS(t *testing.T) {
	pair, pool := certificate(t)
	s := serveTCP(t, &Options{TLS: &tls.Config{Certificates: []tls.Certificate{pair}}}, HandlerFunc(func(r *Request) {
		body := string(r.Body())
		if _, err := r.stream().Loop().Sleep(time.Millisecond).Await(); err != nil {
			t.Error(err)
		}
		if string(r.Body()) != body {
			t.Error("the body changed")
		}
		r.Respond(200, nil, []byte("<"+body+">"))
	}))
	c, err := tls.Dial("tcp", s.addr, &tls.Config{RootCAs: pool})
	if err != nil {
		t.Fatal(err)
	}
	var want string
	for i := range 20 {
		body := strings.Repeat(fmt.Sprint(i%10), 1+i*100)
		end := ""
		if i == 19 {
			end = "Connection: close\r\n"
		}
		fmt.Fprintf(c, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n%s\r\n%s", len(body), end, body)
		want += "<" + body + ">"
	}
	all, err := io.ReadAll(c)
	var got string
	for _, part := range strings.Split(string(all), "HTTP/1.1 200 OK") {
		_, body, _ := strings.Cut(part, "\r\n\r\n")
		got += body
	}
	if got != want || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	c.Close()
	s.stop()
}
