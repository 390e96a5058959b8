/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake-manager - a systemd that does what a table says
 */
#include "tests/unit/fake-manager.h"

#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

/* Short enough for a test that ends it, long enough to cost nothing. */
enum { GLANCE_MS = 10, LATE_MS = 250 };

#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER      "org.freedesktop.systemd1.Manager"
#define OUR_NAME     ":1.1"

struct fake_manager {
	enum fake_kind kind;
	const struct fake_row *row; /* the next one */
	int listening, filler;
	pthread_t thread;
	atomic_bool stop;
	bool closing;
	struct text record;
};

static void must(bool condition, const char *what)
{
	if (!condition) {
		fprintf(stderr, "fake-manager: %s failed\n", what);
		abort();
	}
}

#define MUST(condition) must(condition, #condition)

/* --- writing down what came --- */

static bool put_basic(struct text *out, sd_bus_message *m, char type)
{
	union {
		const char *s;
		uint64_t t;
		uint32_t u;
		int b;
		uint8_t y;
	} value;

	if (!strchr("sogtuby", type))
		return false;
	MUST(sd_bus_message_read_basic(m, type, &value) > 0);
	if (strchr("sog", type))
		text_puts(out, value.s);
	else if (type == 't')
		text_printf(out, "%" PRIu64, value.t);
	else if (type == 'u')
		text_printf(out, "%" PRIu32, value.u);
	else
		text_printf(out, "%d", type == 'b' ? value.b : value.y);
	return true;
}

/* All that is left inside the current container; blank between words. */
static void put_contents(struct text *out, sd_bus_message *m, bool blanks)
{
	const char *contents;
	char type;

	for (int n = 0; sd_bus_message_peek_type(m, &type, &contents) > 0; n++) {
		if (n > 0 && blanks)
			text_puts(out, " ");
		if (put_basic(out, m, type))
			continue;
		MUST(sd_bus_message_enter_container(m, type, contents) > 0);
		if (type == 'v')
			text_printf(out, "<%s ", contents);
		else
			text_puts(out, type == 'a' ? "[" : "(");
		put_contents(out, m, type != 'a' || contents[0] != '(');
		text_puts(out, type == 'v' ? ">" : type == 'a' ? "]" : ")");
		MUST(sd_bus_message_exit_container(m) > 0);
	}
}

/* --- answering --- */

static void append_item(sd_bus_message *m, const char *type, const struct unit_item *item)
{
	if (strcmp(type, "as") == 0)
		MUST(sd_bus_message_append(m, "s", item->key) >= 0);
	else if (strcmp(type, "au") == 0)
		MUST(sd_bus_message_append(m, "u", (uint32_t)item->number) >= 0);
	else if (strcmp(type, "a(ss)") == 0)
		MUST(sd_bus_message_append(m, "(ss)", item->key, item->text) >= 0);
	else
		MUST(sd_bus_message_append(m, "(st)", item->key, item->number) >= 0);
}

static void append_property(sd_bus_message *m, const struct unit_property *p)
{
	MUST(sd_bus_message_open_container(m, 'e', "sv") >= 0);
	MUST(sd_bus_message_append(m, "s", p->name) >= 0);
	MUST(sd_bus_message_open_container(m, 'v', p->type) >= 0);
	if (strcmp(p->type, "b") == 0) {
		MUST(sd_bus_message_append(m, "b", (int)p->number) >= 0);
	} else if (strcmp(p->type, "t") == 0) {
		MUST(sd_bus_message_append(m, "t", p->number) >= 0);
	} else if (strcmp(p->type, "s") == 0) {
		MUST(sd_bus_message_append(m, "s", p->text) >= 0);
	} else if (strcmp(p->type, "ay") == 0) {
		MUST(sd_bus_message_append_array(m, 'y', p->bytes, p->n_bytes) >= 0);
	} else {
		MUST(sd_bus_message_open_container(m, 'a', p->type + 1) >= 0);
		for (size_t i = 0; i < p->n_items; i++)
			append_item(m, p->type, &p->items[i]);
		MUST(sd_bus_message_close_container(m) >= 0);
	}
	MUST(sd_bus_message_close_container(m) >= 0);
	MUST(sd_bus_message_close_container(m) >= 0);
}

static void append_all(sd_bus_message *m, const struct unit_properties *p)
{
	MUST(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
	MUST(sd_bus_message_append(m, "{sv}", "Job", "(uo)", 0, "/") >= 0);
	for (size_t i = 0; i < p->n; i++)
		append_property(m, &p->list[i]);
	MUST(sd_bus_message_append(m, "{sv}", "Nice", "i", -5) >= 0);
	MUST(sd_bus_message_append(m, "{sv}", "Conditions", "a(sbbsi)", 1, "x", 0, 0, "y", 1) >= 0);
	MUST(sd_bus_message_close_container(m) >= 0);
}

static void send_as(sd_bus_message *m, const char *sender)
{
	MUST(sd_bus_message_set_sender(m, sender) >= 0);
	MUST(sd_bus_send(NULL, m, NULL) >= 0);
	sd_bus_message_unref(m);
}

static void send_end(sd_bus *bus, const char *sender, uint32_t job, const char *unit,
		     const char *result)
{
	sd_bus_message *m;
	char path[64];

	snprintf(path, sizeof(path), MANAGER_PATH "/job/%" PRIu32, job);
	MUST(sd_bus_message_new_signal(bus, &m, MANAGER_PATH, MANAGER, "JobRemoved") >= 0);
	MUST(sd_bus_message_append(m, "uoss", job, path, unit, result) >= 0);
	send_as(m, sender);
}

/* Signals that mean nothing to who waits for row's job of that unit. */
static void send_others(struct fake_manager *f, sd_bus *bus, const struct fake_row *row,
			const char *unit)
{
	sd_bus_message *m;

	send_end(bus, OUR_NAME, row->job + 1, "other.scope", "failed");
	send_end(bus, OUR_NAME, row->job + 2, unit, "canceled");
	send_end(bus, OUR_NAME, row->job, "other.scope", "timeout");
	if (f->kind == FAKE_BUS)
		send_end(bus, ":1.66", row->job, unit, "failed");
	MUST(sd_bus_message_new_signal(bus, &m, MANAGER_PATH, MANAGER, "UnitNew") >= 0);
	MUST(sd_bus_message_append(m, "so", unit, "/x") >= 0);
	send_as(m, OUR_NAME);
}

static void send_reply(sd_bus_message *call, const struct fake_row *row)
{
	sd_bus_message *m;
	char path[64];

	if (row->error) {
		sd_bus_error error = SD_BUS_ERROR_MAKE_CONST(row->error, row->words);

		MUST(sd_bus_message_new_method_error(call, &m, &error) >= 0);
		send_as(m, OUR_NAME);
		return;
	}
	MUST(sd_bus_message_new_method_return(call, &m) >= 0);
	if (row->job) {
		snprintf(path, sizeof(path), MANAGER_PATH "/job/%" PRIu32, row->job);
		MUST(sd_bus_message_append(m, "o", path) >= 0);
	}
	if (row->text)
		MUST(sd_bus_message_append(m, "v", "s", row->text) >= 0);
	if (row->properties)
		append_all(m, row->properties);
	send_as(m, OUR_NAME);
}

static void answer(struct fake_manager *f, sd_bus *bus, sd_bus_message *call,
		   const struct fake_row *row, const char *unit)
{
	f->closing = row->closes;
	if (row->closes || row->silence)
		return;
	if (!row->early)
		send_reply(call, row);
	if (row->others)
		send_others(f, bus, row, unit);
	if (row->result)
		send_end(bus, OUR_NAME, row->job, unit, row->result);
	if (row->early)
		send_reply(call, row);
}

/* What every bus and every manager answers, unless the table has something else in mind. */
static bool answer_usual(sd_bus_message *call)
{
	const char *member = sd_bus_message_get_member(call);

	if (strcmp(member, "Hello") == 0)
		MUST(sd_bus_reply_method_return(call, "s", ":1.7") >= 0);
	else if (strcmp(member, "AddMatch") == 0)
		MUST(sd_bus_reply_method_return(call, "") >= 0);
	else
		return strcmp(member, "Subscribe") == 0;
	return true;
}

/* A call for which a bus would try to start a systemd that is not there. */
static bool is_start_of_systemd(sd_bus_message *call)
{
	const char *to = sd_bus_message_get_destination(call);

	return to && strcmp(to, "org.freedesktop.systemd1") == 0 &&
	       sd_bus_message_get_auto_start(call) > 0;
}

static int take_call(sd_bus_message *call, void *data, sd_bus_error *ignored)
{
	struct fake_manager *f = data;
	const char *member = sd_bus_message_get_member(call), *unit = "";
	const struct fake_row *row = f->row;
	bool expected = row->member && member && strcmp(row->member, member) == 0;
	char type;

	(void)ignored;
	if (sd_bus_message_is_method_call(call, NULL, NULL) <= 0)
		return 0;
	if (!expected && strcmp(member, "Hello") != 0 && strcmp(member, "AddMatch") != 0 &&
	    strcmp(member, "Subscribe") != 0)
		text_puts(&f->record, "UNEXPECTED ");
	if (strcmp(member, "Hello") != 0) {
		if (is_start_of_systemd(call))
			text_puts(&f->record, "AUTO-START ");
		text_printf(&f->record, "%s ", member);
		put_contents(&f->record, call, true);
		text_puts(&f->record, "\n");
	}
	if (!expected && answer_usual(call))
		return 1;
	if (!expected) {
		MUST(sd_bus_reply_method_errorf(call, "fake.Unexpected", "the table says: %s",
						row->member ? row->member : "the end") >= 0);
		return 1;
	}
	f->row++;
	MUST(sd_bus_message_rewind(call, 1) >= 0);
	if (sd_bus_message_peek_type(call, &type, NULL) > 0 && type == 's')
		MUST(sd_bus_message_read(call, "s", &unit) > 0);
	answer(f, sd_bus_message_get_bus(call), call, row, unit);
	return 1;
}

/* --- connections --- */

static void serve(struct fake_manager *f, int fd)
{
	sd_bus *bus = NULL;
	sd_id128_t id;
	int r;

	f->closing = false;
	MUST(sd_id128_randomize(&id) >= 0 && sd_bus_new(&bus) >= 0);
	MUST(sd_bus_set_fd(bus, fd, fd) >= 0 && sd_bus_set_server(bus, 1, id) >= 0);
	MUST(sd_bus_add_filter(bus, NULL, take_call, f) >= 0);
	r = sd_bus_start(bus); /* fails when who called has gone already */
	while (r >= 0 && !f->stop && !f->closing) {
		r = sd_bus_process(bus, NULL);
		if (r == 0)
			r = sd_bus_wait(bus, GLANCE_MS * 1000);
	}
	sd_bus_close(bus);
	sd_bus_unref(bus);
}

static void *live(void *data)
{
	struct fake_manager *f = data;

	if (f->kind == FAKE_LATE || f->kind == FAKE_ANEW)
		usleep(LATE_MS * 1000);
	if (f->kind == FAKE_LATE)
		close(f->filler);
	if (f->kind == FAKE_ANEW)
		MUST(listen(f->listening, 8) == 0);
	while (!f->stop) {
		struct pollfd p = {.fd = f->listening, .events = POLLIN};
		int fd;

		if (poll(&p, 1, GLANCE_MS) <= 0)
			continue;
		fd = accept4(f->listening, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		MUST(fd >= 0);
		if (f->kind == FAKE_DEAF)
			close(fd);
		else if (f->kind == FAKE_MUTE)
			while (!f->stop)
				usleep(GLANCE_MS * 1000);
		else
			serve(f, fd);
		if (f->kind == FAKE_MUTE)
			close(fd);
	}
	return NULL;
}

static int connect_to(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	MUST(fd >= 0 && connect(fd, (const void *)address, sizeof(*address)) == 0);
	return fd;
}

struct fake_manager *fake_manager_start(enum fake_kind kind, const char *path,
					const struct fake_row *rows)
{
	struct fake_manager *f = calloc(1, sizeof(*f));
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	MUST(f && strlen(path) < sizeof(address.sun_path));
	strcpy(address.sun_path, path);
	f->kind = kind;
	f->row = rows;
	f->listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	MUST(bind(f->listening, (const void *)&address, sizeof(address)) == 0);
	if (kind != FAKE_ANEW)
		MUST(listen(f->listening, kind == FAKE_LATE ? 0 : 8) == 0);
	if (kind == FAKE_LATE)
		f->filler = connect_to(&address);
	MUST(pthread_create(&f->thread, NULL, live, f) == 0);
	return f;
}

char *fake_manager_stop(struct fake_manager *f)
{
	char *record;

	f->stop = true;
	MUST(pthread_join(f->thread, NULL) == 0);
	close(f->listening);
	text_puts(&f->record, "");
	for (; f->row && f->row->member; f->row++)
		text_printf(&f->record, "NOT ASKED %s\n", f->row->member);
	record = f->record.s;
	free(f);
	return record;
}
