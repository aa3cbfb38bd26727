// load is the load generator: one thread, level-triggered epoll, one recv and
// one send per event, frames and requests prepared in advance. It spends about
// as much per message as the C limits do, so it keeps up with anything else.
//
//   load -M http  -u http://h:p/          -c 64 -p 16        keep-alive HTTP, p pipelined requests
//   load -M https -u https://h:p/         -c 64              keep-alive HTTPS
//   load -M echo  -u ws://h:p/echo        -c 64 -m 64 -p 1   WebSocket echo
//   load -M bcast -u ws://h:p/broadcast   -c 500 -m 64 -p 1  first connection sends, all receive
//   load -M idle  -u ws://h:p/broadcast   -c 10000 -P pid    memory per connection, broadcast time
//   load -M tls   -u https://h:p/         -c 16              full TLS handshakes, one request each
//
// Without OpenSSL's headers (-DNO_TLS) there is no https and no tls.
//
// Common flags: -d measured seconds, -w warm-up seconds, -P server pid (its
// CPU time over the measured window is reported), -S number of 127.0.0.x
// source addresses, -t sends text frames instead of binary ones.
// The result is one line of JSON on stdout.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#ifndef NO_TLS
#include <openssl/ssl.h>
#endif
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

enum mode { HTTP, ECHO, BCAST, IDLE, TLS, HTTPS, MODES };
static const char *mode_names[] = {"http", "echo", "bcast", "idle", "tls", "https"};
enum state { CONNECTING, UPGRADING, OPEN };
enum { EVENTS = 1024, RBUF = 1 << 20, MAX_OPENING = 64, SUB = 128, BUCKETS = 57 * SUB + 2 * SUB };

struct conn {
	int fd;
	uint8_t state, want_out, verified;
	uint8_t hdr[10], nhdr; // WebSocket frame header being read
	uint64_t left;         // bytes left of the message being read
	size_t tosend, off;    // bytes still to send, offset in the frame pattern
	uint64_t *sent;        // ring of p send times
	uint32_t rd, wr;
	uint64_t seen; // broadcast: messages received
#ifndef NO_TLS
	SSL *ssl;
	uint8_t tls_up;
#endif
};

static struct {
	enum mode mode;
	char host[64], path[256];
	int port, conns, inflight, sources, text, pid;
	size_t size;
	double secs, warmup;
} opt = {.conns = 64, .inflight = 1, .sources = 1, .size = 64, .secs = 6, .warmup = 1};

static struct conn *conns;
static int ep, nopen, opening, nextconn;
static uint8_t *rbuf, *pattern; // pattern: inflight+1 copies of one request or frame
static size_t unit;             // its length
static uint8_t *payload;        // what an echo must carry, unmasked
static size_t resp_len;         // HTTP: length of one response
static char resp_tail[16];      // HTTP: its last bytes
static uint64_t hist[BUCKETS], hist_n, hist_max, done_n, now_ns;
static uint64_t bc_sent, bc_done, *bc_time; // broadcasts started, finished, start times
static int *bc_left;                        // receivers that have yet to see one
#ifndef NO_TLS
static SSL_CTX *ctx;
#endif
static char request[512];

static void fail(const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	fprintf(stderr, "load: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, "\n");
	exit(1);
}

static uint64_t clock_ns(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ull + t.tv_nsec;
}

// record adds one latency to a log-linear histogram (below 0.8 % error).
static void record(uint64_t ns) {
	int shift = ns < 2 * SUB ? 0 : 63 - __builtin_clzll(ns) - 7;
	hist[shift * SUB + (ns >> shift)]++;
	hist_n++;
	if (ns > hist_max) hist_max = ns;
}

static double quantile_us(double q) {
	uint64_t want = q * hist_n, sum = 0;
	for (int i = 0; i < BUCKETS; i++) {
		sum += hist[i];
		if (sum > want) {
			int shift = i < 2 * SUB ? 0 : i / SUB - 1;
			return ((double)((uint64_t)(i - shift * SUB) << shift)) / 1e3;
		}
	}
	return hist_max / 1e3;
}

static double self_cpu(void) {
	struct rusage u;
	getrusage(RUSAGE_SELF, &u);
	return u.ru_utime.tv_sec + u.ru_stime.tv_sec + (u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

// pid_cpu is the server's CPU seconds so far, in all its threads.
static double pid_cpu(int pid) {
	char name[64], line[1024];
	snprintf(name, sizeof name, "/proc/%d/stat", pid);
	FILE *f = pid ? fopen(name, "r") : 0;
	if (!f) return 0;
	size_t n = fread(line, 1, sizeof line - 1, f);
	fclose(f);
	line[n] = 0;
	unsigned long ut = 0, st = 0;
	char *p = strrchr(line, ')');
	if (p) sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &ut, &st);
	return (double)(ut + st) / sysconf(_SC_CLK_TCK);
}

static long pid_rss_kb(int pid) {
	char name[64], line[256];
	snprintf(name, sizeof name, "/proc/%d/status", pid);
	FILE *f = pid ? fopen(name, "r") : 0;
	long kb = 0;
	while (f && fgets(line, sizeof line, f)) sscanf(line, "VmRSS: %ld", &kb);
	if (f) fclose(f);
	return kb;
}

static void interest(struct conn *c, uint32_t events) {
	struct epoll_event ev = {.events = events, .data.ptr = c};
	epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &ev);
}

static void dial(struct conn *c) {
	struct sockaddr_in sa = {.sin_family = AF_INET}, src = sa;
	sa.sin_port = htons(opt.port);
	inet_pton(AF_INET, opt.host, &sa.sin_addr);
	int on = 1;
	c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (c->fd < 0) fail("socket: %s", strerror(errno));
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	if (opt.sources > 1) {
		src.sin_addr.s_addr = htonl(0x7f000001u + nextconn % opt.sources);
		setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
		if (bind(c->fd, (void *)&src, sizeof src)) fail("bind: %s", strerror(errno));
	}
	nextconn++, opening++;
	if (connect(c->fd, (void *)&sa, sizeof sa) && errno != EINPROGRESS) fail("connect: %s", strerror(errno));
	c->state = CONNECTING;
	struct epoll_event ev = {.events = EPOLLOUT, .data.ptr = c};
	epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &ev);
}

static void flush_out(struct conn *c) {
	ssize_t w = send(c->fd, pattern + c->off, c->tosend, MSG_NOSIGNAL);
	if (w < 0 && errno != EAGAIN) fail("send: %s", strerror(errno));
	if (w > 0) c->tosend -= w, c->off = (c->off + w) % unit;
	uint8_t want = c->tosend > 0;
	if (want != c->want_out) interest(c, want ? EPOLLIN | EPOLLOUT : EPOLLIN), c->want_out = want;
}

// issue sends n more requests or frames.
static void issue(struct conn *c, int n) {
	for (int i = 0; i < n; i++) c->sent[c->wr++ % opt.inflight] = now_ns;
	c->tosend += n * unit;
	if (!c->want_out) flush_out(c);
}

static void start_broadcast(void) {
	bc_time[bc_sent % opt.inflight] = now_ns;
	bc_left[bc_sent++ % opt.inflight] = opt.conns;
	conns[0].tosend += unit;
	if (!conns[0].want_out) flush_out(&conns[0]);
}

// count_http counts responses by length; all are known to be resp_len long.
static int count_http(struct conn *c, const uint8_t *p, size_t n) {
	int k = 0;
	while (n) {
		if (!c->left) {
			if (n >= 12 && memcmp(p, "HTTP/1.1 200", 12)) fail("not a 200 response: %.*s", (int)(n < 80 ? n : 80), p);
			c->left = resp_len;
		}
		size_t take = c->left < n ? c->left : n;
		c->left -= take, p += take, n -= take;
		if (c->left) break;
		if (take >= 12 && memcmp(p - 12, resp_tail, 12)) fail("response of another length than the first");
		k++;
	}
	return k;
}

// count_ws counts whole frames and checks each one's length, and the first
// frame of each connection byte by byte.
static int count_ws(struct conn *c, const uint8_t *p, size_t n) {
	int k = 0;
	while (n) {
		if (!c->left) {
			size_t want = c->nhdr < 2 ? 2 : c->hdr[1] == 126 ? 4 : c->hdr[1] == 127 ? 10 : 2;
			size_t take = want - c->nhdr < n ? want - c->nhdr : n;
			memcpy(c->hdr + c->nhdr, p, take);
			c->nhdr += take, p += take, n -= take;
			if (c->nhdr < 2 || (c->nhdr == 2 && c->hdr[1] >= 126) || c->nhdr < want) continue;
			uint64_t len = c->hdr[1];
			if (len >= 126) {
				len = 0;
				for (int i = 2; i < c->nhdr; i++) len = len << 8 | c->hdr[i];
			}
			if ((c->hdr[0] & 0x8f) != (0x80 | (opt.text ? 1 : 2)) || len != opt.size)
				fail("unexpected frame: first byte %02x, length %llu", c->hdr[0], (unsigned long long)len);
			c->left = len;
			continue;
		}
		size_t take = c->left < n ? c->left : n;
		if (!c->verified && memcmp(p, payload + opt.size - c->left, take)) fail("payload differs");
		c->left -= take, p += take, n -= take;
		if (!c->left) c->nhdr = 0, c->verified = 1, k++;
	}
	return k;
}

static void opened(struct conn *c) {
	c->state = OPEN;
	opening--, nopen++;
	interest(c, EPOLLIN);
}

// progress handles one event. It returns how many messages were completed.
static int progress(struct conn *c, uint32_t events) {
	if (c->state == CONNECTING) {
		int err = 0;
		socklen_t l = sizeof err;
		getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
		if (err) fail("connect: %s", strerror(err));
		if (opt.mode == HTTP) return opened(c), 0;
		if (send(c->fd, request, strlen(request), MSG_NOSIGNAL) < 0) fail("handshake: %s", strerror(errno));
		c->state = UPGRADING;
		interest(c, EPOLLIN);
		return 0;
	}
	if (events & EPOLLOUT && c->tosend) flush_out(c);
	if (!(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return 0;
	ssize_t r = recv(c->fd, rbuf, RBUF, 0);
	if (r < 0 && errno == EAGAIN) return 0;
	if (r <= 0) fail("connection closed by the server (%s)", r ? strerror(errno) : "end of file");
	now_ns = clock_ns();
	if (c->state == UPGRADING) {
		rbuf[r] = 0;
		if (strncmp((char *)rbuf, "HTTP/1.1 101", 12) || !strstr((char *)rbuf, "\r\n\r\n")) fail("no upgrade: %.300s", rbuf);
		return opened(c), 0;
	}
	return opt.mode == HTTP ? count_http(c, rbuf, r) : count_ws(c, rbuf, r);
}

// learn_response asks once and remembers what a response looks like.
static void learn_response(void) {
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(opt.port)};
	inet_pton(AF_INET, opt.host, &sa.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(fd, (void *)&sa, sizeof sa)) fail("connect: %s", strerror(errno));
	if (send(fd, request, strlen(request), 0) < 0) fail("send: %s", strerror(errno));
	size_t got = 0;
	for (;;) {
		ssize_t r = recv(fd, rbuf + got, RBUF - got, 0);
		if (r <= 0) fail("connection closed before a response");
		rbuf[got += r] = 0;
		char *end = strstr((char *)rbuf, "\r\n\r\n"), *cl = strcasestr((char *)rbuf, "\ncontent-length:");
		if (!end) continue;
		if (!cl || cl > end) fail("no Content-Length: %.300s", rbuf);
		resp_len = end + 4 - (char *)rbuf + atol(cl + 16);
		if (got < resp_len) continue;
		memcpy(resp_tail, rbuf + resp_len - 12, 12);
		close(fd);
		return;
	}
}

static void make_pattern(void) {
	uint8_t *one = malloc(opt.size + 600);
	if (opt.mode == HTTP) {
		unit = strlen(request);
		memcpy(one, request, unit);
	} else {
		static const uint8_t mask[4] = {0x3a, 0xc5, 0x91, 0x6e};
		payload = malloc(opt.size);
		for (size_t i = 0; i < opt.size; i++) payload[i] = 'a' + (i * 7 + i / 26) % 26;
		one[0] = 0x80 | (opt.text ? 1 : 2);
		int ext = opt.size < 126 ? 0 : opt.size < 65536 ? 2 : 8;
		one[1] = 0x80 | (ext == 0 ? opt.size : ext == 2 ? 126 : 127);
		for (int i = 0; i < ext; i++) one[2 + i] = opt.size >> 8 * (ext - 1 - i);
		memcpy(one + 2 + ext, mask, 4);
		for (size_t i = 0; i < opt.size; i++) one[6 + ext + i] = payload[i] ^ mask[i & 3];
		unit = 6 + ext + opt.size;
	}
	pattern = malloc(unit * (opt.inflight + 1));
	for (int i = 0; i <= opt.inflight; i++) memcpy(pattern + i * unit, one, unit);
	free(one);
}

static struct {
	uint64_t start, end;
	double self, server;
	int on;
} win;

static void open_window(void) {
	memset(hist, 0, sizeof hist);
	hist_n = hist_max = done_n = 0;
	win.on = 1, win.start = now_ns;
	win.self = self_cpu(), win.server = pid_cpu(opt.pid);
}

static void report(void) {
	double secs = (win.end - win.start) / 1e9, self = self_cpu() - win.self, server = pid_cpu(opt.pid) - win.server;
	printf("{\"mode\":\"%s\",\"conns\":%d,\"size\":%zu,\"inflight\":%d,\"secs\":%.3f,\"count\":%llu,\"rate\":%.1f,"
		"\"p50_us\":%.1f,\"p99_us\":%.1f,\"p999_us\":%.1f,\"max_us\":%.1f,\"gen_cpu\":%.3f,\"server_cpu\":%.3f,"
		"\"server_us_per_msg\":%.3f}\n",
		mode_names[opt.mode], opt.conns, opt.size, opt.inflight, secs, (unsigned long long)done_n, done_n / secs,
		quantile_us(.5), quantile_us(.99), quantile_us(.999), hist_max / 1e3, self / secs, server / secs,
		done_n ? server * 1e6 / done_n : 0);
}

static void open_all(void) {
	struct epoll_event evs[EVENTS];
	uint64_t limit = clock_ns() + 60000000000ull;
	while (nopen < opt.conns) {
		while (nextconn < opt.conns && opening < MAX_OPENING) dial(&conns[nextconn]);
		int n = epoll_wait(ep, evs, EVENTS, 1000);
		for (int i = 0; i < n; i++) progress(evs[i].data.ptr, evs[i].events);
		if (clock_ns() > limit) fail("only %d of %d connections opened in 60 s", nopen, opt.conns);
	}
}

// received accounts for k broadcast messages at c; it returns finished broadcasts.
static int received(struct conn *c, int k) {
	int finished = 0;
	for (; k > 0; k--) {
		int slot = c->seen++ % opt.inflight;
		if (--bc_left[slot]) continue;
		record(now_ns - bc_time[slot]);
		bc_done++, finished++;
	}
	return finished;
}

static void run_load(void) {
	struct epoll_event evs[EVENTS];
	open_all();
	now_ns = clock_ns();
	uint64_t warm = now_ns + opt.warmup * 1e9, stop = warm + opt.secs * 1e9;
	if (opt.mode == BCAST)
		for (int i = 0; i < opt.inflight; i++) start_broadcast();
	else
		for (int i = 0; i < opt.conns; i++) issue(&conns[i], opt.inflight);
	for (;;) {
		int n = epoll_wait(ep, evs, EVENTS, 200);
		now_ns = clock_ns();
		if (!win.on && now_ns >= warm) open_window(), stop = now_ns + opt.secs * 1e9; // late, on a busy machine
		if (now_ns >= stop) break;
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			int k = progress(c, evs[i].events);
			if (!k) continue;
			done_n += k;
			if (opt.mode == BCAST) {
				for (int f = received(c, k); f > 0; f--) start_broadcast();
				continue;
			}
			for (int j = 0; j < k; j++) record(now_ns - c->sent[c->rd++ % opt.inflight]);
			issue(c, k);
		}
	}
	win.end = now_ns;
	report();
}

// pump runs the loop until one broadcast has reached everyone, or for secs.
static int pump(double secs) {
	struct epoll_event evs[EVENTS];
	uint64_t stop = clock_ns() + secs * 1e9;
	for (;;) {
		uint64_t now = clock_ns();
		if (now >= stop) return 0;
		int n = epoll_wait(ep, evs, EVENTS, (stop - now) / 1000000 + 1);
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			int k = progress(c, evs[i].events);
			if (k && received(c, k)) return 1;
		}
	}
}

static int by_value(const void *a, const void *b) {
	double x = *(double *)a, y = *(double *)b;
	return x < y ? -1 : x > y;
}

static void run_idle(void) {
	long base = pid_rss_kb(opt.pid);
	uint64_t t0 = clock_ns();
	open_all();
	double opened_s = (clock_ns() - t0) / 1e9;
	pump(2);
	long full = pid_rss_kb(opt.pid);
	double idle0 = pid_cpu(opt.pid);
	pump(2);
	double idle = (pid_cpu(opt.pid) - idle0) / 2, ms[5];
	for (int i = 0; i < 5; i++) {
		now_ns = clock_ns();
		start_broadcast();
		if (!pump(30)) fail("broadcast not complete after 30 s (%d receivers missing)", bc_left[0]);
		ms[i] = (now_ns - bc_time[0]) / 1e6;
		pump(.3);
	}
	long after = pid_rss_kb(opt.pid);
	qsort(ms, 5, sizeof *ms, by_value);
	printf("{\"mode\":\"idle\",\"conns\":%d,\"open_s\":%.2f,\"rss_base_kb\":%ld,\"rss_kb\":%ld,\"rss_after_kb\":%ld,"
		"\"bytes_per_conn\":%.0f,\"bytes_per_conn_after\":%.0f,\"idle_cpu\":%.3f,\"bcast_ms\":%.2f,\"bcast_max_ms\":%.2f}\n",
		opt.conns, opened_s, base, full, after, (full - base) * 1024.0 / opt.conns, (after - base) * 1024.0 / opt.conns,
		idle, ms[2], ms[4]);
}

#ifndef NO_TLS
static void tls_start(struct conn *c) {
	dial(c);
	c->ssl = SSL_new(ctx);
	SSL_set_fd(c->ssl, c->fd);
	SSL_set_connect_state(c->ssl);
	c->tls_up = 0;
	c->sent[0] = now_ns;
}

// tls_step drives one handshake; true when its response has arrived.
static int tls_step(struct conn *c) {
	char buf[4096];
	int r;
	if (!c->tls_up) {
		r = SSL_do_handshake(c->ssl);
		if (r == 1) {
			if (opt.mode == TLS && SSL_session_reused(c->ssl)) fail("session was resumed");
			c->tls_up = 1;
			SSL_write(c->ssl, request, strlen(request));
		}
	}
	if (c->tls_up && (r = SSL_read(c->ssl, buf, sizeof buf)) > 0) {
		// A small response is one record.
		if (r < 12 || memcmp(buf, "HTTP/1.1 200", 12)) fail("not a 200 response: %.*s", r < 80 ? r : 80, buf);
		return 1;
	}
	r = SSL_get_error(c->ssl, -1);
	if (r == SSL_ERROR_SSL || r == SSL_ERROR_ZERO_RETURN) fail("TLS error");
	if (r == SSL_ERROR_SYSCALL) fail("connection lost: %s", strerror(errno));
	if (c->state == CONNECTING) c->state = OPEN, interest(c, EPOLLIN);
	return 0;
}

static void run_tls(void) {
	struct epoll_event evs[EVENTS];
	now_ns = clock_ns();
	uint64_t warm = now_ns + opt.warmup * 1e9, stop = warm + opt.secs * 1e9;
	for (int i = 0; i < opt.conns; i++) tls_start(&conns[i]);
	for (;;) {
		int n = epoll_wait(ep, evs, EVENTS, 200);
		now_ns = clock_ns();
		if (!win.on && now_ns >= warm) open_window(), stop = now_ns + opt.secs * 1e9; // late, on a busy machine
		if (now_ns >= stop) break;
		for (int i = 0; i < n; i++) {
			struct conn *c = evs[i].data.ptr;
			if (!tls_step(c)) continue;
			now_ns = clock_ns();
			record(now_ns - c->sent[0]);
			done_n++;
			if (opt.mode == HTTPS) {
				c->sent[0] = now_ns;
				if (SSL_write(c->ssl, request, strlen(request)) <= 0) fail("TLS write");
				continue;
			}
			SSL_shutdown(c->ssl);
			SSL_free(c->ssl);
			close(c->fd);
			tls_start(c);
		}
	}
	win.end = now_ns;
	report();
}

#endif

static void parse_args(int argc, char **argv) {
	const char *url = 0;
	int o;
	opt.mode = -1;
	while ((o = getopt(argc, argv, "M:u:c:m:p:d:w:P:S:t")) != -1) switch (o) {
		case 'M':
			for (int i = 0; i < MODES; i++)
				if (!strcmp(optarg, mode_names[i])) opt.mode = i;
			break;
		case 'u': url = optarg; break;
		case 'c': opt.conns = atoi(optarg); break;
		case 'm': opt.size = atol(optarg); break;
		case 'p': opt.inflight = atoi(optarg); break;
		case 'd': opt.secs = atof(optarg); break;
		case 'w': opt.warmup = atof(optarg); break;
		case 'P': opt.pid = atoi(optarg); break;
		case 'S': opt.sources = atoi(optarg); break;
		case 't': opt.text = 1; break;
		default: exit(2);
	}
	char scheme[8];
	if ((int)opt.mode < 0 || !url || sscanf(url, "%7[^:]://%63[^:]:%d%255s", scheme, opt.host, &opt.port, opt.path) < 3)
		fail("usage: load -M http|https|echo|bcast|idle|tls -u scheme://a.b.c.d:port/path [flags]");
	if (!opt.path[0]) strcpy(opt.path, "/");
	if (opt.inflight < 1 || opt.conns < 1 || opt.size < 1) fail("-c, -p and -m must be positive");
	if (opt.mode == IDLE) opt.inflight = 1;
}

int main(int argc, char **argv) {
	parse_args(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	ep = epoll_create1(0);
	rbuf = malloc(RBUF + 1);
	conns = calloc(opt.conns, sizeof *conns);
	bc_time = calloc(opt.inflight, sizeof *bc_time);
	bc_left = calloc(opt.inflight, sizeof *bc_left);
	for (int i = 0; i < opt.conns; i++) conns[i].sent = calloc(opt.inflight, sizeof(uint64_t));
	snprintf(request, sizeof request, "GET %s HTTP/1.1\r\nHost: %s:%d\r\n%s\r\n", opt.path, opt.host, opt.port,
		opt.mode == HTTP || opt.mode == TLS || opt.mode == HTTPS ? "" :
		"Upgrade: websocket\r\nConnection: Upgrade\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n");
#ifdef NO_TLS
	if (opt.mode == TLS || opt.mode == HTTPS) fail("built without TLS");
#else
	if (opt.mode == TLS || opt.mode == HTTPS) {
		ctx = SSL_CTX_new(TLS_client_method());
		SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
		SSL_CTX_set1_groups_list(ctx, "X25519");
		return run_tls(), 0;
	}
#endif
	if (opt.mode == HTTP) learn_response();
	make_pattern();
	if (opt.mode == IDLE) run_idle();
	else run_load();
	return 0;
}
