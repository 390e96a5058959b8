/* SPDX-License-Identifier: Apache-2.0 */
/*
 * devfilter-probe - the device filter of one v2 group, changed and compared as vmcg does it
 *
 *   devfilter-probe MOUNT PATH VERB MODE MANAGER OLD [RULE...] [-- DENIED...]
 *
 * VERB is extend, restore, check, or look, which prints what is there for OLD. MODE is own or
 * adopt, MANAGER systemd or cgroupfs; OLD is how many programs the group had before setup. DENIED
 * are rules of what is taken out besides. check prints a row a line: "WHAT|RECORDED|LIVE", a dash
 * for nothing, of programs of vmcg "ours".
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hook/devfilter.h"
#include "hook/devlist.h"

static const char *shown(const char *s)
{
	return !s ? "-" : strncmp(s, "vmcg_dev ", 9) == 0 ? "ours" : s;
}

static int check(struct cgroupfs *fs, const char *path, const struct devfilter_wish *w,
		 struct error *e)
{
	struct drift d = {.arena = fs->arena};

	if (devfilter_check(&d, fs, 2, path, w, e) != 0)
		return -1;
	for (size_t i = 0; i < d.n; i++)
		printf("%s|%s|%s\n", drift_what_name[d.rows[i].what], shown(d.rows[i].recorded),
		       shown(d.rows[i].live));
	return 0;
}

static int run(struct cgroupfs *fs, char **argv, const struct device_policy *policy,
	       const struct device_policy *denied, struct error *e)
{
	const struct device_policy none = {.allow = true};
	const char *path = argv[2], *verb = argv[3];
	bool adopted = strcmp(argv[4], "adopt") == 0, systemd = strcmp(argv[5], "systemd") == 0;
	const struct devfilter_wish wish = {.policy = policy,
					    .denied = denied,
					    .adopted = adopted,
					    .told_systemd = systemd,
					    .old = argv[6],
					    .why = "test"};
	const struct devfilter_extension x = {
	    .policy = policy, .denied = denied, .old = argv[6], .told_systemd = systemd};
	const struct devfilter_past past = {.old = argv[6],
					    .first = argv[6],
					    .adopted = adopted,
					    .policy = policy,
					    .denied = denied,
					    .before = policy,
					    .before_denied = &none};
	struct devfilter replaced = {.fd = -1};
	int r;

	if (strcmp(verb, "look") == 0) {
		const char *now = "";

		r = devfilter_look(&now, fs, 2, path, e);
		printf("%s\n", now);
		return r;
	}
	if (strcmp(verb, "check") == 0)
		return check(fs, path, &wish, e);
	if (strcmp(verb, "restore") == 0)
		return devfilter_restore(fs, 2, path, &past, e);
	r = devfilter_extend(&replaced, fs, 2, path, &x, e);
	if (replaced.fd >= 0)
		close(replaced.fd);
	return r;
}

/* Rules up to "--" or the end, as the kernel lists them. */
static int read_rules(struct device_policy *ret, int *at, int argc, char **argv, struct arena *a)
{
	struct devlist_state list = {0};
	struct error e = {0};
	const char *text = "";

	for (; *at < argc && strcmp(argv[*at], "--") != 0; ++*at)
		text = arena_printf(a, "%s%s\n", text, argv[*at]);
	++*at;
	if (devlist_parse(&list, text, "rules", a, &e) < 0) {
		fprintf(stderr, "%s\n", e.text);
		return -1;
	}
	*ret = (struct device_policy){.allow = list.allow, .entries = list.entries, .n = list.n};
	devrules_normalise(ret);
	return 0;
}

int main(int argc, char **argv)
{
	struct facts_mount unified = {.name = "unified", .root = "/"};
	struct device_policy policy, denied;
	struct arena a = {0};
	struct error e = {0};
	struct cgroupfs fs;
	int at = 7, r;

	if (argc < 7)
		return 2;
	unified.path = argv[1];
	if (read_rules(&policy, &at, argc, argv, &a) < 0 ||
	    read_rules(&denied, &at, argc, argv, &a) < 0)
		return 2;
	denied.allow = true;
	cgroupfs_open(&fs, &a, &unified, 1, NULL);
	r = run(&fs, argv, &policy, &denied, &e);
	cgroupfs_close(&fs);
	if (r != 0)
		fprintf(stderr, "%s\n", e.text);
	arena_free(&a);
	return r != 0;
}
