/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_work - what the parts of the systemd connection hand to each other
 *
 * Internal to systemd*.c: the functions of libsystemd as they were found, the
 * connection, one call with its answer, one job with its end.
 */
#ifndef VMCG_HOOK_SYSTEMD_WORK_H
#define VMCG_HOOK_SYSTEMD_WORK_H

#include <systemd/sd-bus.h>

#include "hook/systemd.h"

#define SYSTEMD_NAME         "org.freedesktop.systemd1"
#define SYSTEMD_PATH         "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER      "org.freedesktop.systemd1.Manager"
#define SYSTEMD_UNIT         "org.freedesktop.systemd1.Unit"
#define SYSTEMD_PROPERTIES   "org.freedesktop.DBus.Properties"

#define SYSTEMD_NO_SUCH_UNIT "org.freedesktop.systemd1.NoSuchUnit"

/* Every function of libsystemd that is called; all of them are in version 239. */
#define SYSTEMD_FUNCTIONS(X)               \
	X(sd_bus_add_filter)               \
	X(sd_bus_call)                     \
	X(sd_bus_call_async)               \
	X(sd_bus_close)                    \
	X(sd_bus_error_free)               \
	X(sd_bus_error_get_errno)          \
	X(sd_bus_is_ready)                 \
	X(sd_bus_message_append)           \
	X(sd_bus_message_append_array)     \
	X(sd_bus_message_close_container)  \
	X(sd_bus_message_enter_container)  \
	X(sd_bus_message_exit_container)   \
	X(sd_bus_message_get_sender)       \
	X(sd_bus_message_get_error)        \
	X(sd_bus_message_is_signal)        \
	X(sd_bus_message_new_method_call)  \
	X(sd_bus_message_open_container)   \
	X(sd_bus_message_peek_type)        \
	X(sd_bus_message_read)             \
	X(sd_bus_message_read_array)       \
	X(sd_bus_message_rewind)           \
	X(sd_bus_message_set_auto_start)   \
	X(sd_bus_message_set_expect_reply) \
	X(sd_bus_message_skip)             \
	X(sd_bus_message_unref)            \
	X(sd_bus_new)                      \
	X(sd_bus_path_encode)              \
	X(sd_bus_process)                  \
	X(sd_bus_send)                     \
	X(sd_bus_set_address)              \
	X(sd_bus_set_bus_client)           \
	X(sd_bus_start)                    \
	X(sd_bus_unref)                    \
	X(sd_bus_wait)

#define SYSTEMD_MEMBER(name) __typeof__(&(name)) name;

struct systemd_library {
	void *handle;
	SYSTEMD_FUNCTIONS(SYSTEMD_MEMBER)
};

/* The end of one job of the unit that is watched. */
struct systemd_job {
	const char *path, *result;
	const char *sender; /* who said so; "" on the manager's own socket */
};

struct systemd {
	struct systemd_library lib;
	struct systemd_options options;
	struct arena *arena;
	sd_bus *bus;
	const char *way;      /* the socket that answered, for messages */
	bool is_bus;          /* a message bus: signals come only to who asked for them */
	bool subscribed;      /* is_bus: has asked systemd to send signals at all */
	uint64_t deadline_us; /* CLOCK_MONOTONIC */
	unsigned wait_ms;
	const char *unit; /* whose jobs are watched, or NULL */
	struct systemd_job *jobs;
	size_t n_jobs;
	const char *awaited; /* the path of the job that was last waited for, or NULL */
	const char *refusal; /* why the bus does not send us signals, or NULL */
};

/* What came of one call: a reply, or why there is none. */
struct systemd_answer {
	sd_bus_message *reply;
	const char *name; /* the error's D-Bus name, NULL for a reply */
	const char *text; /* systemd's own words */
	int os;           /* the errno that sd-bus has for it */
	bool silence;     /* no answer came: time was up, or the connection is gone */
};

/* systemd_library.c: for good. ERROR_HOST */
int systemd_library_load(struct systemd_library *ret, const char *name, struct error *e);

/* systemd_connect.c: fills in bus, way and is_bus, if they are not, or not any more: a connection
 * is lost when systemd is upgraded. ERROR_HOST */
int systemd_connect(struct systemd *s, struct error *e);
void systemd_disconnect(struct systemd *s);

/* systemd_call.c */

/* Microseconds until the deadline; 0 when it has passed. */
uint64_t systemd_left(const struct systemd *s);

/* An empty call of a method. NULL: memory, or a name that is no unit's. */
sd_bus_message *systemd_new_call(struct systemd *s, const char *path, const char *interface,
				 const char *member);

/* Send m (released here; NULL is an answer, too) and wait for the answer. */
void systemd_call(struct systemd_answer *ret, struct systemd *s, sd_bus_message *m);

/* A method of the manager whose arguments are strings: at most two, NULL ends them. */
void systemd_ask(struct systemd_answer *ret, struct systemd *s, const char *member,
		 const char *first, const char *second);

/* Release the reply. */
void systemd_answer_done(struct systemd *s, struct systemd_answer *answer);

/* Was it refused with this D-Bus error? */
bool systemd_answer_is(const struct systemd_answer *answer, const char *name);

/* The object path of a unit, in the arena; NULL: memory. */
const char *systemd_unit_path(struct systemd *s, const char *unit);

/* systemd_error.c */

/* What an error is about. */
struct systemd_context {
	const char *member;                       /* StartTransientUnit */
	const char *unit;                         /* or NULL */
	const struct unit_properties *properties; /* that were sent, or NULL */
};

/* Fill in e: what was asked, what systemd said, a way out. -1. */
int systemd_explain(struct error *e, enum error_kind kind, const struct systemd *s,
		    const struct systemd_context *c, const struct systemd_answer *answer);

/* The same for a job that ended in another word than done. */
int systemd_explain_job(struct error *e, const struct systemd *s, const struct systemd_context *c,
			const char *result);

/* The property that a PropertyReadOnly answer names, in the arena; NULL when it names none. */
const char *systemd_refused_property(struct systemd *s, const struct systemd_answer *answer);

/* systemd_job.c */

/* From now on remember how jobs of that unit end. Before the call that makes the job. */
void systemd_job_watch(struct systemd *s, const char *unit);

/* Wait for the end of the job that the reply names. c is for messages. ERROR_FAILED */
int systemd_job_wait(const char **ret_result, struct systemd *s,
		     const struct systemd_answer *answer, const struct systemd_context *c,
		     struct error *e);

/* systemd_message.c: negative errno, as sd-bus has it */

/* Append a(sv), without the properties that left_out names (NULL-terminated, or NULL). */
int systemd_put(struct systemd *s, sd_bus_message *m, const struct unit_properties *p,
		const char *const *left_out);

/* Read a{sv}, keeping what names lists, of types that struct unit_property knows. */
int systemd_take(struct unit_properties *ret, struct systemd *s, sd_bus_message *m,
		 const char *const *names);

/* Is the name in the list (NULL-terminated; NULL is empty)? */
bool systemd_listed(const char *const *names, const char *name);

#endif
