/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bus - systemd for this run: connected when it is needed, and the sandbox closed behind it
 */
#include "hook/bus.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "hook/input.h"
#include "hook/setup_facts.h"

#define VERSION_NOTE "systemd-version"

enum sandbox bus_sandbox(const struct options *o, enum sandbox kind)
{
	struct stat st;

	/* Whatever the command line says: a record may tell of a scope. */
	if (o->yard || lstat("/run/systemd/system", &st) < 0 || !S_ISDIR(st.st_mode))
		return kind;
	return kind == SANDBOX_LOOK ? SANDBOX_LOOK_SYSTEMD : SANDBOX_WORK_SYSTEMD;
}

static bool can_load(const struct context *c)
{
	return c->sandbox == SANDBOX_LOOK_SYSTEMD || c->sandbox == SANDBOX_WORK_SYSTEMD;
}

/* The second filter, once. */
static int seal(struct context *c, bool bus, struct error *e)
{
	if (c->sealed || !can_load(c))
		return 0;
	if (sandbox_seal(c->sandbox, bus, e) < 0)
		return -1;
	c->sealed = true;
	return 0;
}

int bus_connect(struct systemd **ret, struct context *c, struct error *e)
{
	const struct systemd_options o = {.user = c->rootless, .runtime = c->runtime};

	/* The filter in force would kill us. */
	if (!c->systemd && (c->sealed || !can_load(c)))
		return error_set(e, ERROR_HOST,
				 "systemd cannot be asked: it does not run here (no "
				 "/run/systemd/system)");
	if (!c->systemd && (systemd_open(&c->systemd, &o, c->arena, e) < 0 || seal(c, true, e) < 0))
		return -1;
	*ret = c->systemd;
	return 0;
}

int bus_unneeded(struct context *c, struct error *e)
{
	return seal(c, false, e);
}

/* What was noted for this boot; 0: nothing. */
static uint64_t noted(struct context *c, const char *boot)
{
	const char *note = "", *file = arena_printf(c->arena, "%s/" VERSION_NOTE, c->root);
	size_t len = 0, n = strlen(boot);

	if (input_file(&note, &len, file, c->arena, NULL) || len < n + 2 ||
	    strncmp(note, boot, n) != 0 || note[n] != ' ')
		return 0;
	return strtoull(note + n + 1, NULL, 10);
}

int bus_version(uint64_t *version, struct context *c, const struct store *store, struct error *e)
{
	struct systemd *s = NULL;
	const char *boot;

	if (*version != 1 || c->options.yard)
		return 0;
	boot = setup_boot_id(c->arena);
	*version = noted(c, boot);
	if (*version)
		return 0;
	*version = 1;
	if (bus_connect(&s, c, e) < 0 || systemd_version(version, s, e) < 0)
		return -1;
	if (store)
		store_note(store, VERSION_NOTE,
			   arena_printf(c->arena, "%s %llu\n", boot, (unsigned long long)*version));
	return 0;
}

void bus_close(struct context *c)
{
	systemd_close(c->systemd);
	c->systemd = NULL;
}
