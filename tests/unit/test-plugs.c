/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-plugs - devices added to a container's policy and taken out of it
 *
 * A row says what the policy is, what is done to it in a little language, and what
 * becomes of it. Words: "+/dev/x=c1:2" adds, "-/dev/x=c1:2" removes by its node,
 * "-/dev/x" removes where the node has gone, "+/dev/y=c1:3<for" adds a companion,
 * "rules" makes the policy again from the row's other config.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "hook/plugs.h"
#include "oci/config.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define RULE(allow, type, major, minor, access)                                             \
	"{\"allow\":" allow ",\"type\":\"" type "\",\"major\":" #major ",\"minor\":" #minor \
	",\"access\":\"" access "\"}"
#define ALLOW(type, major, minor, access) RULE("true", type, major, minor, access)
#define DENY(type, major, minor, access)  RULE("false", type, major, minor, access)
#define ALL(allow)                        "{\"allow\":" allow ",\"access\":\"rwm\"}"
#define NO_KVM                            "{\"devices\":{\"deny\":[\"/dev/kvm\"]}}"
#define NO_FUSE                           "{\"devices\":{\"deny\":[\"/dev/fuse\"]}}"

/* want: what each word came to; the default and what is beyond the base list; what is denied; the
 * plugs. Of an error the words that it has to have. */
static const struct {
	const char *what, *rules, *ops, *want;
	const char *policy, *later_rules, *later_policy; /* for "rules" */
} rows[] = {
    /* --- add --- */
    {.what = "a device is added with all rights",
     .ops = "+/dev/fuse=c10:229",
     .want = "done; deny c 10:229 rwm plugged:/dev/fuse, c 10:232 rwm hypervisor:/dev/kvm; -; "
	     "/dev/fuse"},
    {.what = "a block device is no character device",
     .ops = "+/dev/sda=b10:232",
     .want = "done; deny b 10:232 rwm plugged:/dev/sda, c 10:232 rwm hypervisor:/dev/kvm; -; "
	     "/dev/sda"},
    {.what = "twice is one rule and one plug",
     .ops = "+/dev/fuse=c10:229 +/dev/fuse=c10:229",
     .want = "done same; deny c 10:229 rwm plugged:/dev/fuse, c 10:232 rwm hypervisor:/dev/kvm; -; "
	     "/dev/fuse"},
    {.what = "what the hypervisor list has is there already",
     .ops = "+/dev/kvm=c10:232",
     .want = "same; deny c 10:232 rwm hypervisor:/dev/kvm; -; -"},
    {.what = "of the base list, and by a wildcard of the config",
     .rules = ALLOW("b", 8, -1, "rwm"),
     .ops = "+/dev/null=c1:3 +/dev/sda=b8:0",
     .want = "same same; deny b 8:* rwm /linux/resources/devices/0, c 10:232 rwm "
	     "hypervisor:/dev/kvm; -; -"},
    {.what = "a part of the rights is not all of them",
     .rules = ALLOW("c", 10, 229, "r"),
     .ops = "+/dev/fuse=c10:229",
     .want = "done; deny c 10:229 rwm /linux/resources/devices/0, c 10:232 rwm "
	     "hypervisor:/dev/kvm; -; /dev/fuse"},
    {.what = "under a default of allow adding takes a denial away",
     .rules = ALL("true") "," DENY("c", 10, 229, "rwm"),
     .ops = "+/dev/fuse=c10:229",
     .want = "done; allow; -; /dev/fuse"},
    {.what = "a wider denial cannot be cut",
     .rules = ALL("true") "," DENY("c", 10, -1, "rw"),
     .ops = "+/dev/fuse=c10:229",
     .want = "host: c 10:229, c 10:*, /dev/fuse; allow c 10:* rw /linux/resources/devices/1; -; -"},
    {.what = "a denial of the policy that was lifted, as the caller has seen",
     .policy = NO_FUSE,
     .ops = "+/dev/fuse=c10:229",
     .want = "done; deny c 10:229 rwm plugged:/dev/fuse, c 10:232 rwm hypervisor:/dev/kvm; -; "
	     "/dev/fuse"},

    /* --- remove --- */
    {.what = "what was added is as it was before",
     .ops = "+/dev/fuse=c10:229 -/dev/fuse=c10:229",
     .want = "done done; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:229 rw removed:/dev/fuse; -"},
    {.what = "twice",
     .ops = "+/dev/fuse=c10:229 -/dev/fuse=c10:229 -/dev/fuse=c10:229",
     .want = "done done same; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:229 rw "
	     "removed:/dev/fuse; -"},
    {.what = "what was never allowed leaves nothing behind",
     .ops = "-/dev/fuse=c10:229",
     .want = "same; deny c 10:232 rwm hypervisor:/dev/kvm; -; -"},
    {.what = "the config's, the hypervisor's and the base list's",
     .rules = ALLOW("c", 10, 229, "rwm"),
     .ops = "-/dev/fuse=c10:229 -/dev/kvm=c10:232 -/dev/full=c1:7",
     .want = "done done done; deny; c 1:7 rw removed:/dev/full, c 10:229 rw removed:/dev/fuse, c "
	     "10:232 rw removed:/dev/kvm; -"},
    {.what = "and back",
     .ops = "-/dev/kvm=c10:232 +/dev/kvm=c10:232",
     .want = "done done; deny c 10:232 rwm plugged:/dev/kvm; -; /dev/kvm"},
    {.what = "under a default of allow",
     .rules = ALL("true"),
     .ops = "-/dev/fuse=c10:229",
     .want = "done; allow c 10:229 rwm removed:/dev/fuse; c 10:229 rw removed:/dev/fuse; -"},
    {.what = "and back, under a default of allow",
     .rules = ALL("true"),
     .ops = "-/dev/fuse=c10:229 +/dev/fuse=c10:229",
     .want = "done done; allow; -; /dev/fuse"},
    {.what = "from a wider rule nothing can be cut out",
     .rules = ALLOW("c", 10, -1, "rw"),
     .ops = "-/dev/fuse=c10:229",
     .want = "host: c 10:*, wider rule, /dev/fuse, vmcg update --resources; deny c 10:* rw "
	     "/linux/resources/devices/0; -; -"},
    {.what = "a node that has gone: by what was plugged in",
     .ops = "+/dev/fuse=c10:229 -/dev/fuse",
     .want = "done done; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:229 rw removed:/dev/fuse; -"},
    {.what = "a node that has gone: by the hypervisor list",
     .ops = "-/dev/kvm",
     .want = "done; deny; c 10:232 rw removed:/dev/kvm; -"},
    {.what = "a node that has gone and that nobody knows",
     .rules = ALLOW("c", 10, 229, "rwm"),
     .ops = "-/dev/fuse -/dev/kv -/dev/kvm0",
     .want = "unknown unknown unknown; deny c 10:229 rwm /linux/resources/devices/0, c 10:232 rwm "
	     "hypervisor:/dev/kvm; -; -"},
    {.what = "a node that came back with other numbers: those of before go, too",
     .ops = "+/dev/fuse=c10:229 -/dev/fuse=c10:230",
     .want = "done done; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:229 rw removed:/dev/fuse; -"},
    {.what = "the same, where the new numbers are allowed as well",
     .rules = ALLOW("c", 10, 230, "rw"),
     .ops = "+/dev/fuse=c10:229 -/dev/fuse=c10:230",
     .want = "done done; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:229 rw removed:/dev/fuse, c "
	     "10:230 rw removed:/dev/fuse; -"},
    {.what = "another path to the same device",
     .ops = "+/dev/fuse=c10:229 -/run/fuse=c10:229",
     .want = "done done; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:229 rw removed:/run/fuse; -"},

    /* --- what comes along --- */
    {.what = "the last group takes its container along",
     .ops = "+/dev/vfio/7=c240:7 +/dev/vfio/vfio=c10:196</dev/vfio/7 +/dev/vfio/8=c240:8 "
	    "-/dev/vfio/7=c240:7 -/dev/vfio/8=c240:8",
     .want = "done done done done done; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:196 rw "
	     "removed:/dev/vfio/vfio, c 240:7 rw removed:/dev/vfio/7, c 240:8 rw "
	     "removed:/dev/vfio/8; -"},
    {.what = "another group still needs it",
     .ops = "+/dev/vfio/7=c240:7 +/dev/vfio/vfio=c10:196</dev/vfio/7 +/dev/vfio/8=c240:8 "
	    "-/dev/vfio/7=c240:7",
     .want = "done done done done; deny c 10:196 rwm plugged:/dev/vfio/vfio, c 10:232 rwm "
	     "hypervisor:/dev/kvm, c 240:8 rwm plugged:/dev/vfio/8; c 240:7 rw "
	     "removed:/dev/vfio/7; /dev/vfio/vfio</dev/vfio/7 /dev/vfio/8"},
    {.what = "one that was asked for by name stays",
     .ops = "+/dev/vfio/vfio=c10:196 +/dev/vfio/7=c240:7 -/dev/vfio/7=c240:7",
     .want = "done done done; deny c 10:196 rwm plugged:/dev/vfio/vfio, c 10:232 rwm "
	     "hypervisor:/dev/kvm; c 240:7 rw removed:/dev/vfio/7; /dev/vfio/vfio"},
    {.what = "a VFIO device takes the IOMMU along, not a group's container",
     .ops = "+/dev/vfio/vfio=c10:196</dev/vfio/1 +/dev/vfio/devices/vfio0=c511:0 "
	    "+/dev/iommu=c10:125</dev/vfio/devices/vfio0 -/dev/vfio/devices/vfio0",
     .want = "done done done done; deny c 10:196 rwm plugged:/dev/vfio/vfio, c 10:232 rwm "
	     "hypervisor:/dev/kvm; c 10:125 rw removed:/dev/iommu, c 511:0 rw "
	     "removed:/dev/vfio/devices/vfio0; /dev/vfio/vfio</dev/vfio/1"},

    /* --- other rules --- */
    {.what = "other rules replace the config's, and nothing else",
     .rules = ALLOW("c", 10, 229, "rwm"),
     .later_rules = ALLOW("c", 10, 230, "rw"),
     .ops = "+/dev/loop0=b7:0 -/dev/full=c1:7 rules",
     .want = "done done done; deny b 7:0 rwm plugged:/dev/loop0, c 10:230 rw "
	     "/linux/resources/devices/0, c 10:232 rwm hypervisor:/dev/kvm; c 1:7 rw "
	     "removed:/dev/full; /dev/loop0"},
    {.what = "a removed device stays removed, whoever would allow it",
     .later_rules = ALLOW("c", 10, 232, "rwm"),
     .ops = "-/dev/kvm=c10:232 rules",
     .want = "done done; deny; c 10:232 rw removed:/dev/kvm; -"},
    {.what = "one that the config had a part of stays plugged in without it",
     .rules = ALLOW("c", 10, 229, "r"),
     .later_rules = ALL("false"),
     .ops = "+/dev/fuse=c10:229 rules",
     .want = "done done; deny c 10:229 rwm plugged:/dev/fuse, c 10:232 rwm hypervisor:/dev/kvm; -; "
	     "/dev/fuse"},
    {.what = "one that the config denied stays plugged in",
     .rules = ALL("true") "," DENY("c", 10, 229, "rwm"),
     .later_rules = ALL("true") "," DENY("c", 10, 229, "rwm"),
     .ops = "+/dev/fuse=c10:229 rules",
     .want = "done done; allow; -; /dev/fuse"},
    {.what = "one that was plugged in under a default of allow, under one of deny",
     .rules = ALL("true") "," DENY("c", 10, 229, "rwm"),
     .later_rules = ALL("false"),
     .ops = "+/dev/fuse=c10:229 rules",
     .want = "done done; deny c 10:229 rwm plugged:/dev/fuse, c 10:232 rwm hypervisor:/dev/kvm; -; "
	     "/dev/fuse"},
    {.what = "one that was removed, under a default of allow",
     .later_rules = ALL("true"),
     .ops = "-/dev/kvm=c10:232 rules",
     .want = "done done; allow c 10:232 rwm removed:/dev/kvm; c 10:232 rw removed:/dev/kvm; -"},
    {.what = "a policy that denies it meanwhile has the last word",
     .later_rules = ALL("false"),
     .later_policy = NO_FUSE,
     .ops = "+/dev/fuse=c10:229 rules",
     .want = "done done; deny c 10:232 rwm hypervisor:/dev/kvm; c 10:229 rw policy:/devices/deny; "
	     "-"},
    {.what = "a rule too wide to keep the removed one out",
     .later_rules = ALLOW("c", 10, -1, "rw"),
     .ops = "-/dev/fuse=c10:229 -/dev/kvm=c10:232 rules",
     .want = "same done input: c 10:232, c 10:*, removed:/dev/kvm, vmcg device add box "
	     "/dev/kvm; deny; c 10:232 rw "
	     "removed:/dev/kvm; -"},
    {.what = "the policy's own denial is made again, not kept",
     .policy = NO_KVM,
     .later_policy = "{}",
     .later_rules = ALL("false"),
     .ops = "rules",
     .want = "done; deny c 10:232 rwm hypervisor:/dev/kvm; -; -"},
};

/* --- a container of which only its devices matter --- */

static int make_policy(struct record *r, const char *rules, const char *policy_json,
		       struct arena *a, struct error *e)
{
	static const char host[] =
	    "{\"layout\":\"legacy\",\"mounts\":{\"devices\":\"/d\"},\"devices\":{"
	    "\"/dev/kvm\":{\"type\":\"c\",\"major\":10,\"minor\":232},"
	    "\"/dev/fuse\":{\"type\":\"c\",\"major\":10,\"minor\":229}}}";
	const char *config =
	    arena_printf(a, "{\"linux\":{\"resources\":{\"devices\":[%s]}}}", rules ? rules : "");
	struct hypervisor_devices nodes = {0};
	struct plan scratch = {.arena = a};
	struct policy policy = {0};
	struct oci_config c = {0};
	struct facts f = {0};

	if (!policy_json)
		policy_json = "{}";
	assert_int_equal(policy_parse(&policy, a, policy_json, strlen(policy_json), e), 0);
	assert_int_equal(facts_parse(&f, a, host, strlen(host), e), 0);
	assert_int_equal(oci_config_parse(&c, a, config, strlen(config), e), 0);
	hypervisor_list(&nodes, &policy, NULL, 0, &scratch);
	return plugs_policy(r, &c.resources, &nodes, &f, &policy, a, e);
}

/* "/dev/x=c1:2<with" */
static struct record_plug read_device(struct arena *a, const char *word, bool *has_node)
{
	const char *numbers = strchr(word, '='), *with = strchr(word, '<');
	struct record_plug d = {.path = arena_copy(a, word, strcspn(word, "= "))};
	long long major, minor;

	*has_node = numbers && numbers < word + strcspn(word, " ");
	if (!*has_node)
		return d;
	d.type = numbers[1];
	assert_int_equal(sscanf(numbers + 2, "%lld:%lld", &major, &minor), 2);
	d.major = major;
	d.minor = minor;
	if (with && with < word + strcspn(word, " "))
		d.with = arena_copy(a, with + 1, strcspn(with + 1, " "));
	return d;
}

static int run_word(struct record *r, size_t i, const char *word, struct arena *a, struct error *e)
{
	bool has_node;
	struct record_plug d;

	if (strncmp(word, "rules", strlen("rules")) == 0)
		return make_policy(r, rows[i].later_rules, rows[i].later_policy, a, e);
	d = read_device(a, word + 1, &has_node);
	if (*word == '+')
		return plugs_add(r, &d, a, e);
	return plugs_remove(r, d.path, has_node ? &d : NULL, a, e);
}

/* --- what has become of it --- */

static void put_policy(struct text *out, const struct device_policy *p)
{
	const char *between = " ";
	char buf[32];

	for (size_t i = 0; i < p->n; i++) {
		const struct device_entry *d = &p->entries[i];

		if (strcmp(d->why, "base list") == 0)
			continue;
		text_printf(out, "%s%s %s", between, devrules_format(d, buf), d->why);
		between = ", ";
	}
}

static void put_record(struct text *out, const struct record *r)
{
	text_puts(out, r->devices.allow ? "; allow" : "; deny");
	put_policy(out, &r->devices);
	assert_true(r->denied.allow);
	text_puts(out, r->denied.n ? ";" : "; -");
	put_policy(out, &r->denied);
	text_puts(out, r->n_plugs ? ";" : "; -");
	for (size_t i = 0; i < r->n_plugs; i++)
		text_printf(out, " %s%s%s", r->plugs[i].path, r->plugs[i].with ? "<" : "",
			    r->plugs[i].with ? r->plugs[i].with : "");
}

/* An error is as its kind says, and has the words that are wanted. */
static void put_error(struct text *out, const struct error *e, const char *want, struct arena *a)
{
	const char *kind = e->kind == ERROR_HOST    ? "host: "
			   : e->kind == ERROR_INPUT ? "input: "
						    : "? ";
	const char *at = strstr(want, kind);
	size_t n = at ? strcspn(at, ";") : 0;

	text_puts(out, kind);
	for (size_t i = at ? strlen(kind) : 0; i < n;) {
		const char *word = arena_copy(a, at + i, strcspn(at + i, ",;"));

		if (!strstr(e->text, word)) {
			text_printf(out, "(lacks \"%s\") %s", word, e->text);
			return;
		}
		text_printf(out, "%s%s", i > strlen(kind) ? ", " : "", word);
		i += strlen(word);
		i += strspn(at + i, ", ");
	}
	if (!n)
		text_puts(out, e->text);
}

static void run_row(size_t i, struct text *got)
{
	struct arena a = {0};
	struct record r = {.id = "box", .has_devices = true};
	const char *between = "";

	assert_int_equal(make_policy(&r, rows[i].rules, rows[i].policy, &a, NULL), 0);
	for (const char *word = rows[i].ops; *word; word += strspn(word, " ")) {
		const struct record before = r;
		struct error e = {0};
		int result = run_word(&r, i, word, &a, &e);

		text_puts(got, between);
		between = " ";
		if (result < 0) {
			put_error(got, &e, rows[i].want, &a);
			/* Refused: nothing is half done. */
			assert_memory_equal(&r, &before, sizeof(r));
		} else {
			text_puts(got, result == PLUGS_SAME      ? "same"
				       : result == PLUGS_UNKNOWN ? "unknown"
								 : "done");
		}
		word += strcspn(word, " ");
	}
	put_record(got, &r);
	arena_free(&a);
}

static void test_rows(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text got = {0};

		run_row(i, &got);
		if (strcmp(got.s, rows[i].want) != 0) {
			print_error("%s\n-- want\n%s\n-- got\n%s\n", rows[i].what, rows[i].want,
				    got.s);
			wrong++;
		}
		text_free(&got);
	}
	assert_int_equal(wrong, 0);
}

/* Records of before and after are both needed: what the first one holds is not changed. */
static void test_shared(void **state)
{
	struct arena a = {0};
	struct record before = {.has_devices = true}, after;
	struct text was = {0}, is = {0};
	struct error e = {0};

	(void)state;
	assert_int_equal(make_policy(&before, ALLOW("c", 10, 229, "r"), NULL, &a, &e), 0);
	assert_int_equal(
	    plugs_add(&before, &(struct record_plug){.path = "/dev/sda", .type = 'b', .major = 8},
		      &a, &e),
	    0);
	put_record(&was, &before);
	after = before;
	for (size_t i = 0; i < COUNT(rows); i++)
		for (const char *word = rows[i].ops; *word;) {
			run_word(&after, i, word, &a, &e);
			word += strcspn(word, " ");
			word += strspn(word, " ");
		}
	put_record(&is, &before);
	assert_string_equal(was.s, is.s);
	text_free(&was);
	text_free(&is);
	arena_free(&a);
}

static void test_companions(void **state)
{
	static const struct {
		const char *path, *want;
	} paths[] = {
	    {"/dev/vfio/7", "/dev/vfio/vfio"},
	    {"/dev/vfio/noiommu-0", "/dev/vfio/vfio"},
	    {"/dev/vfio/vfio", NULL},
	    {"/dev/vfio/devices/vfio3", "/dev/iommu"},
	    {"/dev/iommu", NULL},
	    {"/dev/kvm", NULL},
	    {"/dev/vfiox/7", NULL},
	    {"/tmp/dev/vfio/7", NULL},
	};
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		const char *got = plugs_companion(paths[i].path);

		if (got != paths[i].want &&
		    (!got || !paths[i].want || strcmp(got, paths[i].want) != 0)) {
			print_error("%s: want %s, got %s\n", paths[i].path,
				    paths[i].want ? paths[i].want : "none", got ? got : "none");
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_shared),
	    cmocka_unit_test(test_companions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
