/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd - ask systemd for a scope, change its properties, stop it
 *
 * The only file that knows sd-bus. libsystemd is loaded when the first connection
 * is made, never before: a cgroupfs container does not pay for it. One connection
 * serves calls and signals; every wait ends at one deadline.
 *
 * Root speaks to systemd's private socket, which needs no message bus, and to the
 * system bus where that one does not answer; a rootless caller to his own manager
 * in the same way.
 *
 * Sources: org.freedesktop.systemd1(5), sd-bus(3).
 */
#ifndef VMCG_HOOK_SYSTEMD_H
#define VMCG_HOOK_SYSTEMD_H

#include "hook/unitprop.h"

/* How long one stage may wait for systemd in all. A loaded PID 1 takes many seconds. */
enum { SYSTEMD_WAIT_MS = 30000 };

/* Conditions */
enum {
	SYSTEMD_ABSENT = 1, /* no such unit */
	SYSTEMD_EXISTS,     /* the name is in use */
	SYSTEMD_FOREIGN,    /* the unit is not the one that is meant */
};

struct systemd_options {
	bool user;           /* the caller's own manager instead of the system's */
	const char *runtime; /* user: XDG_RUNTIME_DIR, or NULL */
	const char *library; /* NULL: libsystemd.so.0; tests */
	const char *address; /* NULL; tests: this D-Bus address, as the private socket */
	unsigned wait_ms;    /* 0: SYSTEMD_WAIT_MS */
};

struct systemd; /* a connection */

/*
 * Load libsystemd and connect. The library and its dependencies are mapped during
 * this call only, so the caller may forbid executable mappings afterwards.
 * ERROR_HOST: no library (says what to install), nobody answers (names each way
 * that was tried, and why it failed).
 */
int systemd_open(struct systemd **ret, const struct systemd_options *o, struct arena *a,
		 struct error *e);

/* At least this much time from now on: for taking back what did not get ready in time. */
void systemd_grant(struct systemd *s, unsigned ms);

/* Closes; NULL is fine. */
void systemd_close(struct systemd *s);

/* The first number of the manager's Version: 252. ERROR_HOST. */
int systemd_version(uint64_t *ret, struct systemd *s, struct error *e);

/*
 * Start a transient scope and wait until it runs. A failed rest of that name is
 * cleared away and the start tried once more. A property that this systemd does
 * not have and that names_optional lists (NULL-terminated) is left out, at most
 * three of them; *ret_left_out names them, NULL-terminated. SYSTEMD_EXISTS: a unit
 * of that name lives; nothing was changed. ERROR_FAILED: what systemd said, with
 * the job's result. The scope may run all the same, with the process in it: it is
 * the caller who empties and stops it.
 */
int systemd_start(const char ***ret_left_out, struct systemd *s, const char *unit,
		  const struct unit_properties *p, const char *const *names_optional,
		  struct error *e);

/* Change properties of a loaded unit, for as long as it runs: all of them or none.
 * SYSTEMD_ABSENT; ERROR_FAILED. */
int systemd_set(struct systemd *s, const char *unit, const struct unit_properties *p,
		struct error *e);

/*
 * Read properties of a unit: those that names lists (NULL-terminated) and this
 * systemd has, whichever of the interfaces Unit and Scope they belong to. The
 * reasons are NULL. SYSTEMD_ABSENT; ERROR_FAILED.
 */
int systemd_get(struct unit_properties *ret, struct systemd *s, const char *unit,
		const char *const *names, struct error *e);

/*
 * Stop a unit, wait until it is gone, and make systemd forget that it failed, if it
 * did. description not NULL: only if the unit's Description is this text, else
 * SYSTEMD_FOREIGN. SYSTEMD_ABSENT: gone already. ERROR_FAILED.
 */
int systemd_stop(struct systemd *s, const char *unit, const char *description, struct error *e);

#endif
