package sock

import (
	"errors"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/turbogo/turbo/internal/looptest"
)

func TestMain(m *testing.M) { looptest.Main(m) }

func must(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func listener(t *testing.T, a Addr) int {
	t.Helper()
	fd, err := Stream(a.Family)
	must(t, err)
	t.Cleanup(func() { Close(fd) })
	must(t, SetReuseAddr(fd, true))
	must(t, Bind(fd, a))
	must(t, Listen(fd, 16))
	return fd
}

// connected returns both ends of a connection to the listener.
func connected(t *testing.T, ln int) (client, server int, peer Addr) {
	t.Helper()
	at, err := LocalAddr(ln)
	must(t, err)
	client, err = Stream(at.Family)
	must(t, err)
	t.Cleanup(func() { Close(client) })
	if err := Connect(client, at); err != nil && !InProgress(err) {
		t.Fatal(err)
	}
	// On loopback the handshake is done by the kernel in the call itself, or
	// shortly after it: accept until it is there.
	for {
		server, peer, err = Accept(ln)
		if !Again(err) {
			break
		}
	}
	must(t, err)
	t.Cleanup(func() { Close(server) })
	return client, server, peer
}

func loopback(t *testing.T, f Family) Addr {
	t.Helper()
	switch f {
	case IPv4:
		return ipAddr(t, "127.0.0.1:0")
	case IPv6:
		if ln, err := net.Listen("tcp6", "[::1]:0"); err != nil {
			t.Skip("no IPv6 here:", err)
		} else {
			ln.Close()
		}
		return ipAddr(t, "[::1]:0")
	}
	return UnixAddr(filepath.Join(t.TempDir(), "s"))
}

func ipAddr(t *testing.T, text string) Addr {
	t.Helper()
	a, err := IPAddr(netip.MustParseAddrPort(text))
	must(t, err)
	return a
}

var families = map[string]Family{"IPv4": IPv4, "IPv6": IPv6, "Unix": Unix}

func TestAConnectionOfEachFamilyCarriesBytesAndItsEnd(t *testing.T) {
	for name, f := range families {
		t.Run(name, func(t *testing.T) {
			client, server, _ := connected(t, listener(t, loopback(t, f)))
			if _, err := Read(server, make([]byte, 8)); !Again(err) {
				t.Errorf("an empty read: %v, want to have to wait", err)
			}
			n, err := Writev(client, [][]byte{[]byte("he"), nil, []byte("llo")})
			if n != 5 || err != nil {
				t.Fatalf("Writev: %d, %v", n, err)
			}
			must(t, ShutdownWrite(client))
			buf := make([]byte, 16)
			if n, err := readFull(server, buf); string(buf[:n]) != "hello" || err != nil {
				t.Errorf("read %q, %v", buf[:n], err)
			}
			if n, err := Write(server, []byte("back")); n != 4 || err != nil {
				t.Errorf("Write to the half-closed: %d, %v", n, err)
			}
		})
	}
}

// readFull reads to the end of the stream.
func readFull(fd int, p []byte) (int, error) {
	total := 0
	for {
		n, err := Read(fd, p[total:])
		if Again(err) {
			continue
		}
		if n == 0 || err != nil {
			return total, err
		}
		total += n
	}
}

func TestBothEndsAgreeOnTheAddresses(t *testing.T) {
	for name, f := range families {
		t.Run(name, func(t *testing.T) {
			ln := listener(t, loopback(t, f))
			client, server, peer := connected(t, ln)
			clientsOwn, err := LocalAddr(client)
			must(t, err)
			serversPeer, err := PeerAddr(server)
			must(t, err)
			if peer != clientsOwn || serversPeer != clientsOwn {
				t.Errorf("accepted %v, PeerAddr %v, the client says %v", peer, serversPeer, clientsOwn)
			}
			own, err := LocalAddr(server)
			must(t, err)
			want, _ := PeerAddr(client)
			if own != want {
				t.Errorf("the server is %v, the client sees %v", own, want)
			}
		})
	}
}

func TestDualStackListenerUnwrapsIPv4(t *testing.T) {
	loopback(t, IPv6) // skips where there is none
	fd, err := Stream(IPv6)
	must(t, err)
	defer Close(fd)
	if err := SetV6Only(fd, false); err != nil {
		t.Skip("no dual stack here:", err)
	}
	must(t, Bind(fd, ipAddr(t, "[::]:0")))
	must(t, Listen(fd, 1))
	at, err := LocalAddr(fd)
	must(t, err)
	c, err := net.Dial("tcp4", netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), at.IP().Port()).String())
	must(t, err)
	defer c.Close()
	nfd, peer, err := Accept(fd)
	must(t, err)
	defer Close(nfd)
	if peer.Family != IPv4 || peer.IP().Addr().String() != "127.0.0.1" {
		t.Errorf("peer %v of family %d, want plain 127.0.0.1", peer, peer.Family)
	}
}

func TestReusePortSharesAnAddress(t *testing.T) {
	first, err := Stream(IPv4)
	must(t, err)
	defer Close(first)
	must(t, SetReusePort(first, true))
	must(t, Bind(first, loopback(t, IPv4)))
	must(t, Listen(first, 1))
	at, err := LocalAddr(first)
	must(t, err)
	for _, share := range []bool{true, false} {
		fd, err := Stream(IPv4)
		must(t, err)
		must(t, SetReusePort(fd, share))
		err = Bind(fd, at)
		if share && err != nil || !share && err != syscall.EADDRINUSE {
			t.Errorf("sharing %v: %v", share, err)
		}
		Close(fd)
	}
}

func TestRefusedConnectIsItsError(t *testing.T) {
	ln := listener(t, loopback(t, IPv4))
	at, err := LocalAddr(ln)
	must(t, err)
	Close(ln)
	fd, err := Stream(IPv4)
	must(t, err)
	defer Close(fd)
	err = Connect(fd, at)
	for InProgress(err) || err == nil { // until the answer is there
		if err = Error(fd); err == nil {
			if _, werr := Write(fd, []byte("x")); !Again(werr) {
				err = werr
			}
		}
	}
	if err != syscall.ECONNREFUSED {
		t.Errorf("connect to a closed port: %v", err)
	}
}

func TestWritingToAClosedPeerIsAnErrorAndNoSignal(t *testing.T) {
	a, b, err := Pair()
	must(t, err)
	defer Close(a)
	must(t, Close(b))
	if _, err := Write(a, []byte("x")); err != syscall.EPIPE {
		t.Errorf("Write: %v", err)
	}
}

func TestResetReachesThePeer(t *testing.T) {
	client, server, _ := connected(t, listener(t, loopback(t, IPv4)))
	must(t, SetReset(client))
	must(t, Close(client))
	var err error
	for err = syscall.EAGAIN; Again(err); {
		_, err = Read(server, make([]byte, 1))
	}
	if err != syscall.ECONNRESET {
		t.Errorf("Read: %v", err)
	}
}

func TestBadAddressesAreRefused(t *testing.T) {
	fd, err := Stream(Unix)
	must(t, err)
	defer Close(fd)
	for _, path := range []string{"", strings.Repeat("x", 200), "a\x00b"} {
		if err := Bind(fd, UnixAddr(path)); err == nil {
			t.Errorf("bound to %q", path)
		}
	}
	if err := Bind(fd, Addr{}); err != syscall.EAFNOSUPPORT {
		t.Errorf("bound to nothing: %v", err)
	}
	if _, err := Stream(None); err == nil {
		t.Error("a socket of no family")
	}
	if _, err := IPAddr(netip.MustParseAddrPort("[fe80::1%no-such-interface]:0")); err == nil {
		t.Error("an interface that is not there has a number")
	}
}

func TestAddressesPrintAsPackageNetHasThem(t *testing.T) {
	tests := []struct {
		addr    Addr
		network string
		text    string
	}{
		{ipAddr(t, "1.2.3.4:80"), "tcp", "1.2.3.4:80"},
		{ipAddr(t, "[::ffff:1.2.3.4]:80"), "tcp", "1.2.3.4:80"},
		{ipAddr(t, "[::1]:80"), "tcp", "[::1]:80"},
		{ipAddr(t, "[fe80::1%1073741824]:80"), "tcp", "[fe80::1%1073741824]:80"},
		{UnixAddr("/run/x"), "unix", "/run/x"},
	}
	for _, tt := range tests {
		n := tt.addr.NetAddr()
		if n.Network() != tt.network || n.String() != tt.text {
			t.Errorf("NetAddr of %v: %s %s", tt.addr, n.Network(), n)
		}
		if tt.addr.Network() != tt.network || tt.addr.String() != tt.text {
			t.Errorf("%s %s, want %s %s", tt.addr.Network(), tt.addr, tt.network, tt.text)
		}
	}
	if (Addr{}).NetAddr() != nil || (Addr{}).String() != "" || (Addr{}).Network() != "" {
		t.Error("the unknown address is something")
	}
}

func TestZonesAreNamesOrNumbers(t *testing.T) {
	for _, zone := range []string{"", "7"} {
		n, err := zoneIndex(zone)
		if err != nil || zone == "" && n != 0 || zone == "7" && n != 7 {
			t.Errorf("zoneIndex(%q) = %d, %v", zone, n, err)
		}
	}
	all, err := net.Interfaces()
	if err != nil || len(all) == 0 {
		t.Skip("no interfaces")
	}
	a := ipAddr(t, "[fe80::1%"+all[0].Name+"]:80")
	if want := "[fe80::1%" + all[0].Name + "]:80"; a.String() != want {
		t.Errorf("%v, want %s", a, want)
	}
	if a != ipAddr(t, "[fe80::1%"+strconv.Itoa(all[0].Index)+"]:80") {
		t.Error("the name and the number are different addresses")
	}
}

func TestErrorsFallIntoTheirClasses(t *testing.T) {
	tests := []struct {
		err   error
		class func(error) bool
	}{
		{syscall.EAGAIN, Again},
		{syscall.EINPROGRESS, InProgress},
		{syscall.EMFILE, Exhausted},
		{syscall.ENFILE, Exhausted},
		{syscall.ENOBUFS, Exhausted},
		{syscall.ENOMEM, Exhausted},
		{syscall.ECONNABORTED, AcceptAborted},
		{syscall.EPROTO, AcceptAborted},
	}
	for _, tt := range tests {
		if !tt.class(tt.err) {
			t.Errorf("%v is not in its class", tt.err)
		}
		for _, other := range []func(error) bool{Again, InProgress, Exhausted, AcceptAborted} {
			if other(nil) || other(syscall.EBADF) {
				t.Error("EBADF or nil is in a class")
			}
		}
	}
}

func TestOptionsAreTaken(t *testing.T) {
	fd, err := Stream(IPv4)
	must(t, err)
	defer Close(fd)
	must(t, SetKeepAlive(fd, true))
	must(t, SetBuffers(fd, 16<<10, 16<<10))
	must(t, SetBuffers(fd, 0, 0))
	must(t, SetNonblock(fd))
	for _, err := range []error{SetNoDelay(-1, true), SetBuffers(-1, 1, 0), ShutdownWrite(-1), Error(-1), Close(-1)} {
		if err != syscall.EBADF {
			t.Errorf("on a bad descriptor: %v", err)
		}
	}
}

func TestVectorsDoNotAllocate(t *testing.T) {
	a, b, err := Pair()
	must(t, err)
	defer Close(a)
	defer Close(b)
	vec := [][]byte{[]byte("he"), []byte("llo")}
	buf := make([]byte, 64)
	allocs := testing.AllocsPerRun(100, func() {
		Writev(a, vec)
		Read(b, buf)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestPendingTellsOfBytesAndLeavesThem(t *testing.T) {
	a, b, err := Pair()
	if err != nil {
		t.Fatal(err)
	}
	defer Close(a)
	if Pending(a) {
		t.Error("bytes are pending that nobody sent")
	}
	if _, err := Write(b, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if !Pending(a) || !Pending(a) {
		t.Error("a byte that was sent is not pending")
	}
	p := make([]byte, 2)
	if n, err := Read(a, p); n != 1 || err != nil {
		t.Errorf("read %d, %v", n, err)
	}
	if err := Close(b); err != nil {
		t.Fatal(err)
	}
	if Pending(a) {
		t.Error("an end is no byte")
	}
}
