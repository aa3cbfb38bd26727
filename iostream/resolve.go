package iostream

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/turbogo/turbo/internal/sock"
)

// literal returns the address of one that needs no looking up, nil when it
// does, and an error when it makes no sense.
func literal(network, address string) ([]sock.Addr, error) {
	switch network {
	case "unix":
		if address == "" {
			return nil, fmt.Errorf("%w: a Unix socket without a path", ErrArgument)
		}
		return []sock.Addr{sock.UnixAddr(address)}, nil
	case "tcp", "tcp4", "tcp6":
	default:
		return nil, net.UnknownNetworkError(network)
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(service, 10, 16)
	if err != nil {
		if _, numeric := strconv.Atoi(service); numeric == nil || service == "" {
			return nil, &net.AddrError{Err: "invalid port", Addr: address}
		}
		return nil, nil // the name of a service
	}
	if host == "" {
		host = local(network)
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil, nil // the name of a host
	}
	return oneAddress(network, ip, uint16(port), address)
}

// local is the host that an empty one stands for.
func local(network string) string {
	if network == "tcp6" {
		return "::1"
	}
	return "127.0.0.1"
}

func oneAddress(network string, ip netip.Addr, port uint16, address string) ([]sock.Addr, error) {
	if !fits(network, ip) {
		return nil, &net.AddrError{Err: "no suitable address", Addr: address}
	}
	a, err := sock.IPAddr(netip.AddrPortFrom(ip, port))
	if err != nil {
		return nil, &net.AddrError{Err: "no such zone", Addr: address}
	}
	return []sock.Addr{a}, nil
}

// fits reports whether an address belongs to the network.
func fits(network string, ip netip.Addr) bool {
	switch network {
	case "tcp4":
		return ip.Unmap().Is4()
	case "tcp6":
		return !ip.Unmap().Is4()
	}
	return true
}

// resolve looks up the addresses of a host, and the port of a service. It
// blocks, so it runs on a helper.
func resolve(ctx context.Context, r *net.Resolver, network, address string) ([]sock.Addr, error) {
	if r == nil {
		r = net.DefaultResolver
	}
	host, service, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	port, err := r.LookupPort(ctx, network, service)
	if err != nil {
		return nil, err
	}
	if host == "" {
		host = local(network)
	}
	ips, err := r.LookupNetIP(ctx, "ip"+network[len("tcp"):], host)
	if err != nil {
		return nil, err
	}
	var addrs []sock.Addr
	for _, ip := range interleave(ips) {
		a, err := sock.IPAddr(netip.AddrPortFrom(ip, uint16(port)))
		if err == nil {
			addrs = append(addrs, a)
		}
	}
	if len(addrs) == 0 {
		return nil, &net.AddrError{Err: "no suitable address", Addr: address}
	}
	return addrs, nil
}

// interleave changes between the two families from address to address, in the
// resolver's order otherwise (RFC 8305, section 4): when one of the families
// leads nowhere, the other has its turn soon.
func interleave(ips []netip.Addr) []netip.Addr {
	var first, second []netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap()
		if ip.Is4() == ips[0].Unmap().Is4() {
			first = append(first, ip)
		} else {
			second = append(second, ip)
		}
	}
	mixed := make([]netip.Addr, 0, len(ips))
	for len(first) > 0 || len(second) > 0 {
		if len(first) > 0 {
			mixed, first = append(mixed, first[0]), first[1:]
		}
		if len(second) > 0 {
			mixed, second = append(mixed, second[0]), second[1:]
		}
	}
	return mixed
}
