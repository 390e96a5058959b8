/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake-manager - a systemd that does what a table says
 *
 * Listens on a socket in a thread of its own and speaks D-Bus with libsystemd's
 * own server half. Each call is written down as text and answered by the next row.
 * Hello, AddMatch and Subscribe are answered without one.
 */
#ifndef VMCG_TESTS_FAKE_MANAGER_H
#define VMCG_TESTS_FAKE_MANAGER_H

#include "hook/unitprop.h"

/* What is on the other end of the socket. */
enum fake_kind {
	FAKE_PRIVATE, /* the manager itself */
	FAKE_BUS,     /* a message bus with the manager on it */
	FAKE_DEAF,    /* lets nobody in: closes each connection */
	FAKE_MUTE,    /* never says a word */
	FAKE_LATE,    /* the manager itself, but for a moment its queue is full */
	FAKE_ANEW,    /* the manager itself, but it begins to listen in a moment */
};

/* One call that is expected, and its answer; a row without member ends the table. */
struct fake_row {
	const char *member;
	const char *error, *words; /* refused, with a D-Bus error and systemd's text */
	bool silence;              /* no answer */
	bool closes;               /* the connection is closed instead */
	uint32_t job;              /* the answer is the path of this job */
	const char *result;        /* how it ends; NULL: it never does */
	bool early;                /* JobRemoved comes before the answer */
	bool others;               /* ends of other jobs come before that of ours */
	const char *text;          /* the answer is a variant with this string */
	const struct unit_properties *properties; /* the answer is a dictionary of them, with
						     some more of types that nobody knows */
};

struct fake_manager;

/* Listen at that path, which must not exist. rows stay the caller's. */
struct fake_manager *fake_manager_start(enum fake_kind kind, const char *path,
					const struct fake_row *rows);

/*
 * End it; free() the result: a line for each call that came,
 *	StartTransientUnit demo.scope fail [(TasksMax <t 20>)(PIDs <au [42]>)] []
 * with "UNEXPECTED " before it when the table had none such, and "AUTO-START " when a bus
 * is not told to leave it at that when systemd is not there. Rows that were not
 * asked for are lines "NOT ASKED ".
 */
char *fake_manager_stop(struct fake_manager *f);

#endif
