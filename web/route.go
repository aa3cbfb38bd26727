package web

import (
	"net/http"
	"regexp"
	"slices"
	"strconv"

	"github.com/turbogo/turbo/internal/luapattern"
)

// A Route says which code answers which paths. Make one with Handle or Func;
// the first route of the application that matches gets the request.
type Route struct {
	lua        *luapattern.Pattern
	re         *regexp.Regexp
	newHandler func() Handler
	fn         func(*RequestHandler) error
	methods    []string // of fn
	bodies     bodies   // of the handlers that newHandler makes
	exempt     bool     // WithoutXSRF
	maxBody    int64    // WithMaxBody, if bounded
	bounded    bool
	check      func(*RequestHandler) error // WithCheck
}

// AnyMethod, given to Func, has the function answer requests of every method.
const AnyMethod = "*"

// Handle routes the paths that match a Lua pattern, such as "^/item/(%d+)$", to
// handlers: newHandler is called for each request and returns a new one. The
// pattern is compared with the path as it was sent, undecoded and without the
// query; unlike in a Go regexp, - is a quantifier and % the escape character.
//
// newHandler returns handlers of one type; the first request with a body has it
// called once more, to see whether they take bodies as they come (BodyHandler),
// and so has each whose client waits to be told to send one.
//
// Handle panics when the pattern is malformed.
func Handle(pattern string, newHandler func() Handler) Route {
	return Route{lua: luapattern.MustCompile(pattern), newHandler: newHandler}
}

// HandleRegexp is Handle with a Go regexp, for what Lua patterns cannot say.
func HandleRegexp(re *regexp.Regexp, newHandler func() Handler) Route {
	return Route{re: re, newHandler: newHandler}
}

// Func routes the paths that match a Lua pattern to a function: for handlers
// that need no other entry point. It answers the methods that are given, GET
// (and so HEAD) when none are. h belongs to this one request; unlike a handler
// of Handle it costs no allocation.
func Func(pattern string, fn func(h *RequestHandler) error, methods ...string) Route {
	return Route{lua: luapattern.MustCompile(pattern), fn: fn, methods: withDefault(methods)}
}

// FuncRegexp is Func with a Go regexp.
func FuncRegexp(re *regexp.Regexp, fn func(h *RequestHandler) error, methods ...string) Route {
	return Route{re: re, fn: fn, methods: withDefault(methods)}
}

func withDefault(methods []string) []string {
	if len(methods) == 0 {
		return []string{http.MethodGet}
	}
	return slices.Clone(methods)
}

// captures are the places in the path that a route captured.
type captures struct {
	lua   luapattern.Match
	re    []int
	route *Route
}

// forget lets go of what was captured.
func (c *captures) forget() {
	c.route = nil
	if c.re != nil {
		c.re = nil
	}
}

// match reports whether the route takes the path, and remembers the captures.
// The error is luapattern.ErrBudget.
func (r *Route) match(path []byte, c *captures) (bool, error) {
	c.route = r
	if r.re != nil {
		c.re = r.re.FindSubmatchIndex(path)
		return c.re != nil, nil
	}
	return r.lua.Find(path, 0, &c.lua)
}

// count returns the number of arguments. A pattern without captures has one:
// the whole match.
func (c *captures) count() int {
	switch {
	case c.route == nil:
		return 0
	case c.route.re != nil:
		return max(1, len(c.re)/2-1)
	}
	return max(1, c.route.lua.NumCaptures())
}

// arg returns argument i of path. A position capture is a number that counts
// from 1, as in Lua; a group that took no part in a match is "".
func (c *captures) arg(path []byte, i int) string {
	if i < 0 || i >= c.count() {
		return ""
	}
	if c.route.re != nil {
		if len(c.re) > 2 {
			i++
		}
		if c.re[2*i] < 0 {
			return ""
		}
		return string(path[c.re[2*i]:c.re[2*i+1]])
	}
	if c.route.lua.NumCaptures() == 0 {
		return string(path[c.lua.Start:c.lua.End])
	}
	start, end := c.lua.Capture(i)
	if end < 0 {
		return strconv.Itoa(start + 1)
	}
	return string(path[start:end])
}
