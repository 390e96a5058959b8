/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_connect - the way to a systemd manager
 *
 * Two ways, tried in this order: the manager's own socket, where calls go straight
 * to systemd, and the message bus. Addresses are made here from paths, as
 * unix:path=, so nothing that D-Bus can do with an address (run a program) is
 * within reach of whoever sets the environment.
 */
#include "hook/systemd_work.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A manager that lets nobody in at the moment: this often, doubling the pause. */
enum { TRIES = 5, FIRST_PAUSE_MS = 100 };

struct way {
	const char *address, *shown;
	bool is_bus;
};

/* D-Bus wants other bytes of a path as %XX. */
static const char *address_of(struct arena *a, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-_/.*";
	struct text out = {0};
	const char *address;

	text_puts(&out, "unix:path=");
	for (; *path; path++)
		if (strchr(plain, *path))
			text_put(&out, path, 1);
		else
			text_printf(&out, "%%%02x", (unsigned char)*path);
	address = arena_copy(a, out.s, out.len);
	text_free(&out);
	return address;
}

static struct way way_of(struct arena *a, const char *path, bool is_bus)
{
	return (struct way){.address = address_of(a, path), .shown = path, .is_bus = is_bus};
}

/* The ways of this caller; how many there are, or -1. */
static int list_ways(struct way ways[2], struct arena *a, const struct systemd_options *o,
		     struct error *e)
{
	if (o->address) {
		if (strncmp(o->address, "unix:path=", 10) != 0 || strchr(o->address, ';'))
			return error_set(e, ERROR_HOST,
					 "%s: not the address of a local socket: expected "
					 "unix:path=PATH",
					 o->address);
		ways[0] = (struct way){.address = o->address, .shown = o->address + 10};
		return 1;
	}
	if (!o->user) {
		ways[0] = way_of(a, "/run/systemd/private", false);
		ways[1] = way_of(a, "/run/dbus/system_bus_socket", true);
		return 2;
	}
	if (!o->runtime || o->runtime[0] != '/')
		return error_set(e, ERROR_HOST,
				 "XDG_RUNTIME_DIR is %s: it must be the directory in which your "
				 "systemd listens, usually /run/user/UID; log in, or have root say "
				 "`loginctl enable-linger USER`, or use --cgroup-manager cgroupfs",
				 o->runtime ? "no absolute path" : "not set");
	ways[0] = way_of(a, arena_printf(a, "%s/systemd/private", o->runtime), false);
	ways[1] = way_of(a, arena_printf(a, "%s/bus", o->runtime), true);
	return 2;
}

/* Until whoever listens has let us in. Negative errno. */
static int await_ready(struct systemd *s, sd_bus *bus)
{
	for (;;) {
		uint64_t left = systemd_left(s);
		int r = s->lib.sd_bus_is_ready(bus);

		if (r != 0)
			return r < 0 ? r : 0;
		if (!left)
			return -ETIMEDOUT;
		r = s->lib.sd_bus_process(bus, NULL);
		if (r == 0)
			r = s->lib.sd_bus_wait(bus, left);
		if (r < 0 && r != -EINTR)
			return r;
	}
}

/* Negative errno. */
static int connect_once(sd_bus **ret, struct systemd *s, const struct way *way)
{
	sd_bus *bus = NULL;
	int r;

	r = s->lib.sd_bus_new(&bus);
	if (r >= 0)
		r = s->lib.sd_bus_set_address(bus, way->address);
	if (r >= 0 && way->is_bus)
		r = s->lib.sd_bus_set_bus_client(bus, 1);
	if (r >= 0)
		r = s->lib.sd_bus_start(bus);
	if (r >= 0)
		r = await_ready(s, bus);
	if (r >= 0) {
		*ret = bus;
		return 0;
	}
	if (bus)
		s->lib.sd_bus_close(bus);
	s->lib.sd_bus_unref(bus);
	return r;
}

/* Not beyond the deadline. */
static void pause_ms(const struct systemd *s, unsigned ms)
{
	uint64_t us = systemd_left(s);
	struct timespec t;

	if (us > ms * 1000ULL)
		us = ms * 1000ULL;
	t = (struct timespec){.tv_sec = (time_t)(us / 1000000),
			      .tv_nsec = (long)(us % 1000000) * 1000};
	nanosleep(&t, NULL);
}

/* Does whoever listens have too much to do, or is it systemd that executes itself anew and
 * will listen again? */
static bool is_worth_waiting(const struct way *way, int r)
{
	return r == -EAGAIN || r == -ENOBUFS || (r == -ECONNREFUSED && !way->is_bus);
}

/* Negative errno. */
static int connect_patiently(sd_bus **ret, struct systemd *s, const struct way *way)
{
	unsigned pause = FIRST_PAUSE_MS;
	int r;

	for (int try = 1;; try++, pause *= 2) {
		r = connect_once(ret, s, way);
		if (!is_worth_waiting(way, r) || try == TRIES)
			return r;
		pause_ms(s, pause);
	}
}

void systemd_disconnect(struct systemd *s)
{
	if (!s->bus)
		return;
	s->lib.sd_bus_close(s->bus);
	s->bus = s->lib.sd_bus_unref(s->bus);
	/* What the other side was told and what it said is forgotten with it. */
	s->unit = s->refusal = NULL;
	s->subscribed = false;
}

int systemd_connect(struct systemd *s, struct error *e)
{
	const struct systemd_options *o = &s->options;
	struct way ways[2] = {{0}};
	int n, r, why[2] = {0};

	if (s->bus && s->lib.sd_bus_is_ready(s->bus) > 0)
		return 0;
	systemd_disconnect(s);
	n = list_ways(ways, s->arena, o, e);
	if (n < 0)
		return -1;
	for (int i = 0; i < n; i++) {
		r = connect_patiently(&s->bus, s, &ways[i]);
		if (r == 0) {
			s->way = ways[i].shown;
			s->is_bus = ways[i].is_bus;
			return 0;
		}
		why[i] = -r;
	}
	error_set(e, ERROR_HOST, "cannot reach %s: %s: %s", o->user ? "your systemd" : "systemd",
		  ways[0].shown, strerror(why[0]));
	if (n > 1)
		error_add(e, "; %s: %s", ways[1].shown, strerror(why[1]));
	if (e)
		e->os = why[0];
	return error_add(e,
			 "; is systemd running, and may you speak to it (%s)? "
			 "--cgroup-manager cgroupfs does without it",
			 o->user ? "systemctl --user status" : "systemctl status");
}
