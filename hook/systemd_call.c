/* SPDX-License-Identifier: Apache-2.0 */
/*
 * systemd_call - one call and its answer, within the connection's deadline
 */
#include "hook/systemd_work.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t now_us(void)
{
	struct timespec t = {0};

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t systemd_left(const struct systemd *s)
{
	uint64_t now = now_us();

	return s->deadline_us > now ? s->deadline_us - now : 0;
}

void systemd_grant(struct systemd *s, unsigned ms)
{
	uint64_t least = now_us() + ms * 1000ULL;

	if (s->deadline_us < least)
		s->deadline_us = least;
}

sd_bus_message *systemd_new_call(struct systemd *s, const char *path, const char *interface,
				 const char *member)
{
	sd_bus_message *m = NULL;

	if (!path || s->lib.sd_bus_message_new_method_call(s->bus, &m, SYSTEMD_NAME, path,
							   interface, member) < 0)
		return NULL;
	/* A systemd that is not on the bus, because it executes itself anew, cannot be started
	 * by the bus: it would have us wait until the time is over. */
	s->lib.sd_bus_message_set_auto_start(m, 0);
	return m;
}

/* Is this how sd-bus says that no answer came? */
static bool is_silence(int os)
{
	switch (os) {
	case ETIMEDOUT:
	case ECONNRESET:
	case ECONNREFUSED:
	case ECONNABORTED:
	case ENOTCONN:
	case EPIPE:
	case ESHUTDOWN: return true;
	default: return false;
	}
}

void systemd_call(struct systemd_answer *ret, struct systemd *s, sd_bus_message *m)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	uint64_t left = systemd_left(s);
	int r;

	*ret = (struct systemd_answer){0};
	if (!m)
		r = -EINVAL;
	else if (!left)
		r = -ETIMEDOUT;
	else
		r = s->lib.sd_bus_call(s->bus, m, left, &error, &ret->reply);
	if (r < 0) {
		/* so says the message bus when systemd leaves it before it answers */
		if (error.name && strcmp(error.name, SD_BUS_ERROR_NO_REPLY) == 0 && systemd_left(s))
			r = -ECONNRESET;
		ret->os = -r;
		ret->silence = is_silence(-r);
		ret->name = error.name ? arena_printf(s->arena, "%s", error.name) : "";
		ret->text =
		    arena_printf(s->arena, "%s", error.message ? error.message : strerror(-r));
	}
	s->lib.sd_bus_error_free(&error);
	s->lib.sd_bus_message_unref(m);
}

void systemd_ask(struct systemd_answer *ret, struct systemd *s, const char *member,
		 const char *first, const char *second)
{
	sd_bus_message *m = systemd_new_call(s, SYSTEMD_PATH, SYSTEMD_MANAGER, member);

	if (m && first && s->lib.sd_bus_message_append(m, "s", first) < 0)
		m = s->lib.sd_bus_message_unref(m);
	if (m && second && s->lib.sd_bus_message_append(m, "s", second) < 0)
		m = s->lib.sd_bus_message_unref(m);
	systemd_call(ret, s, m);
}

void systemd_answer_done(struct systemd *s, struct systemd_answer *answer)
{
	answer->reply = s->lib.sd_bus_message_unref(answer->reply);
}

bool systemd_answer_is(const struct systemd_answer *answer, const char *name)
{
	return answer->name && strcmp(answer->name, name) == 0;
}

const char *systemd_unit_path(struct systemd *s, const char *unit)
{
	char *path = NULL;
	const char *copy;

	if (s->lib.sd_bus_path_encode(SYSTEMD_PATH "/unit", unit, &path) < 0)
		return NULL;
	copy = arena_printf(s->arena, "%s", path);
	free(path);
	return copy;
}
