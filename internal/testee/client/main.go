// Command client is the HTTP client that outsiders point at servers: it fetches
// the URLs that it is given, one after the other and over the same connections
// where that is possible, and prints what came of each as a JSON object on a
// line of its own. The exit code is 0 however the fetches end, and 2 for wrong
// usage.
package main

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/textproto"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/turbogo/turbo/httpclient"
	"github.com/turbogo/turbo/ioloop"
)

// list is a flag that may be repeated.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(s string) error { *l = append(*l, s); return nil }

// options are the flags.
type options struct {
	urls, headers    list
	method           string
	body, bodyFile   string
	hasBody          bool
	timeout, connect float64 // seconds
	maxBody          int64
	maxRedirects     int
	noRedirects      bool
	client           httpclient.ClientOptions
}

func parse(args []string, stderr io.Writer) (*options, error) {
	o := new(options)
	f := flag.NewFlagSet("client", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Var(&o.urls, "url", "`URL` to fetch; may be repeated")
	f.StringVar(&o.method, "method", "", "`method` (GET; POST with a body)")
	f.Var(&o.headers, "header", "`field` to send, as in 'Name: value'; may be repeated")
	f.StringVar(&o.body, "body", "", "`text` to send")
	f.StringVar(&o.bodyFile, "body-file", "", "`file` to send")
	f.Float64Var(&o.timeout, "timeout", 0, "`seconds` for a fetch (0: the default)")
	f.Float64Var(&o.connect, "connect-timeout", 0, "`seconds` to connect (0: the default)")
	f.Int64Var(&o.maxBody, "max-body", 0, "longest body in `bytes` (0: the default)")
	f.IntVar(&o.maxRedirects, "max-redirects", 4, "`number` of redirects to follow")
	f.BoolVar(&o.noRedirects, "no-redirects", false, "take redirects as they are")
	f.StringVar(&o.client.CAPath, "cacert", "", "`file` of the certificates to trust")
	f.BoolVar(&o.client.NoVerify, "insecure", false, "take any certificate")
	proxy := f.String("proxy", "", "`URL` of the proxy")
	f.Bool("json", true, "print JSON, as it does in any case")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	f.Visit(func(x *flag.Flag) { o.hasBody = o.hasBody || x.Name == "body" })
	if err := o.check(f.Args(), *proxy); err != nil {
		fmt.Fprintln(stderr, "client:", err)
		return nil, err
	}
	return o, nil
}

func (o *options) check(rest []string, proxy string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case len(o.urls) == 0:
		return errors.New("no -url")
	case o.hasBody && o.bodyFile != "":
		return errors.New("-body and -body-file exclude each other")
	case o.timeout < 0 || o.connect < 0 || o.maxBody < 0 || o.maxRedirects < 0:
		return errors.New("a number is negative")
	}
	for _, h := range o.headers {
		if !strings.Contains(h, ":") {
			return fmt.Errorf("-header %q has no colon", h)
		}
	}
	if proxy != "" {
		if !strings.Contains(proxy, "://") {
			proxy = "http://" + proxy // as in the environment
		}
		u, err := url.Parse(proxy)
		if err != nil {
			return err
		}
		o.client.Proxy = httpclient.ProxyURL(u)
	}
	return nil
}

// defaultMaxBody is what is taken without -max-body. The body is not kept, so
// the client would set no limit by itself.
const defaultMaxBody = 128 << 20

// fetchOptions are those of one fetch, whose body goes to the function.
func (o *options) fetchOptions(data func([]byte) error) (*httpclient.Options, error) {
	x := &httpclient.Options{
		Method: o.method, NoRedirects: o.noRedirects, MaxRedirects: o.maxRedirects, Headers: new(httpclient.Header),
		RequestTimeout: seconds(o.timeout), ConnectTimeout: seconds(o.connect), MaxBodyBytes: o.maxBody, OnData: data,
	}
	if x.MaxRedirects == 0 {
		x.MaxRedirects = -1
	}
	if x.MaxBodyBytes == 0 {
		x.MaxBodyBytes = defaultMaxBody
	}
	for _, h := range o.headers {
		name, value, _ := strings.Cut(h, ":")
		if err := x.Headers.Add(name, value); err != nil {
			return nil, fmt.Errorf("-header %q: %w", h, err)
		}
	}
	if o.hasBody {
		x.Body = []byte(o.body)
	}
	if x.Method == "" && (o.hasBody || o.bodyFile != "") {
		x.Method = "POST"
	}
	return x, nil
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// result is what is printed of a fetch.
type result struct {
	Error     *failure            `json:"error"`
	Code      int                 `json:"code"`
	URL       string              `json:"url"`
	Headers   map[string][]string `json:"headers"`
	BodyLen   int64               `json:"body_len"`
	BodySHA1  string              `json:"body_sha1"`
	Redirects int                 `json:"redirects"`
	TimeMS    int64               `json:"time_ms"`
}

type failure struct {
	Code    int    `json:"code"`
	Name    string `json:"name"`
	Message string `json:"message"`
}

// fetch fetches one URL.
func (o *options) fetch(client *httpclient.Client, rawURL string) *result {
	sum := sha1.New()
	r := &result{URL: rawURL, Headers: map[string][]string{}}
	x, err := o.fetchOptions(func(p []byte) error {
		_, err := sum.Write(p)
		return err
	})
	if err != nil {
		invalid := httpclient.ErrInvalidRequest
		r.Error = &failure{invalid.Code(), invalid.Name, err.Error()}
		return r
	}
	if o.bodyFile != "" {
		file, err := os.Open(o.bodyFile)
		if err != nil {
			invalid := httpclient.ErrInvalidBody
			r.Error = &failure{invalid.Code(), invalid.Name, err.Error()}
			return r
		}
		defer file.Close()
		x.BodyReader = file
		if info, err := file.Stat(); err == nil && info.Mode().IsRegular() {
			x.BodyLength = info.Size()
		}
	}
	resp, err := client.Fetch(rawURL, x).Await()
	if resp == nil { // the loop has ended
		r.Error = &failure{0, "", err.Error()}
		return r
	}
	if e := resp.Error; e != nil {
		r.Error = &failure{e.Code(), e.Name, e.Message}
	}
	for name, value := range resp.Headers.All() {
		name = textproto.CanonicalMIMEHeaderKey(name)
		r.Headers[name] = append(r.Headers[name], value)
	}
	r.Code, r.URL, r.Redirects = resp.Code, resp.URL, resp.Redirects
	r.BodyLen, r.BodySHA1 = resp.BodyBytes, hex.EncodeToString(sum.Sum(nil))
	r.TimeMS = resp.RequestTime.Milliseconds()
	return r
}

// run is main, with what it depends on.
func run(args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	loop := ioloop.New(nil)
	client := httpclient.New(loop, &o.client)
	out := json.NewEncoder(stdout)
	out.SetEscapeHTML(false)
	loop.AddCallback(func() {
		defer loop.Close()
		defer client.Close()
		for _, u := range o.urls {
			if err := out.Encode(o.fetch(client, u)); err != nil {
				fmt.Fprintln(stderr, "client:", err)
				return
			}
		}
	})
	if err := loop.Start(); err != nil {
		fmt.Fprintln(stderr, "client:", err)
		return 1
	}
	return 0
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }
