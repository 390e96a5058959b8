/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-grant - what a config gets of the hypervisor's devices, and what it has already
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hook/grant.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* The host: no /dev/vhost-net, no /dev/mshv, and a block device that policy may add. */
static struct facts_device nodes[] = {
    {"/dev/kvm", true, 'c', 10, 232, 0660, 0, 104},
    {"/dev/vhost-net", false, 0, 0, 0, 0, 0, 0},
    {"/dev/vhost-vsock", true, 'c', 10, 241, 0600, 0, 0},
    {"/dev/vfio/vfio", true, 'c', 10, 196, 0666, 0, 0},
    {"/dev/mshv", false, 0, 0, 0, 0, 0, 0},
    {"/dev/sda", true, 'b', 8, 0, 0660, 0, 6},
    {"/dev/\"\\", true, 'c', 1, 2, 0, 3, 4294967295},
};

static const struct facts host = {.devices = nodes, .n_devices = COUNT(nodes)};

/* Where there is no kvm. */
static struct facts_device mshv_nodes[] = {
    {"/dev/kvm", false, 0, 0, 0, 0, 0, 0},
    {"/dev/mshv", true, 'c', 10, 120, 0600, 0, 0},
};

static const struct facts mshv_host = {.devices = mshv_nodes, .n_devices = COUNT(mshv_nodes)};

/* All warnings, and one of the notes: the others are the same with another name. */
static void put_warnings(struct text *out, const struct plan *p)
{
	for (size_t i = 0; i < p->n_warnings; i++)
		text_printf(out, "\n! %s", p->warnings[i]);
	for (size_t i = 0; i < p->n_notes; i++)
		text_printf(out, "\n~ %s", p->notes[i]);
}

/* The filtered config and the warnings behind it, or the message. */
static void filter(struct text *out, const char *doc, const char *json, const struct facts *facts)
{
	struct arena a = {0};
	struct plan plan = {.arena = &a};
	struct hypervisor_devices devices;
	struct policy policy = {0};
	struct oci_config config;
	struct grant g = {NULL, NULL};
	struct error e = {0};

	if (policy_parse(&policy, &a, json, strlen(json), &e) < 0)
		fail_msg("%s\n%s", e.text, json);
	if (oci_config_parse(&config, &a, doc, strlen(doc), &e) < 0)
		fail_msg("%s\n%s", e.text, doc);
	hypervisor_list(&devices, &policy, config.annotations, config.n_annotations, &plan);
	if (grant_decide(&g, &plan, &config, &devices, &policy, facts, &e) < 0) {
		assert_null(g.nodes);
		text_printf(out, "%d: %s", e.kind, e.text);
	} else {
		assert_int_equal(grant_apply(out, &g, doc, strlen(doc), &e), 0);
		put_warnings(out, &plan);
	}
	arena_free(&a);
}

#define ONLY(devices) "{\"devices\":{\"remove\":[\"/dev/vhost-net\",\"/dev/mshv\"" devices "]}}"
#define ONLY_KVM      ONLY(",\"/dev/vhost-vsock\",\"/dev/vfio/vfio\"")
#define KVM_AND(more)                                                                      \
	"{\"devices\":{\"remove\":[\"/dev/vhost-net\",\"/dev/mshv\",\"/dev/vhost-vsock\"," \
	"\"/dev/vfio/vfio\"]," more "}}"

#define NODE(path, type, major, minor, mode, uid, gid)                            \
	"{'path':'" path "','type':'" type "','major':" #major ",'minor':" #minor \
	",'fileMode':" #mode ",'uid':" #uid ",'gid':" #gid "}"
#define RULE(type, major, minor) \
	"{'allow':true,'type':'" type "','major':" #major ",'minor':" #minor ",'access':'rwm'}"
#define KVM                  NODE("/dev/kvm", "c", 10, 232, 432, 0, 104)
#define KVM_RULE             RULE("c", 10, 232)
#define DENY_ALL             "{'allow':false,'access':'rwm'}"
/* A config with these nodes and rules. */
#define CONFIG(nodes, rules) "{'linux':{'devices':[" nodes "],'resources':{'devices':[" rules "]}}}"

static const struct {
	const char *policy, *doc, *want;
} rows[] = {
    /* the built-in list, in its order */
    {"{}", CONFIG("", DENY_ALL),
     CONFIG(KVM "," NODE("/dev/vhost-vsock", "c", 10, 241, 384, 0,
			 0) "," NODE("/dev/vfio/vfio", "c", 10, 196, 438, 0, 0),
	    DENY_ALL "," KVM_RULE "," RULE("c", 10, 241) "," RULE("c", 10, 196)) //
     "\n~ hypervisor device /dev/vhost-net is not on this host"},
    {ONLY_KVM, "{}", "{'linux':{'devices':[" KVM "],'resources':{'devices':[" KVM_RULE "]}}}"},
    {ONLY_KVM, CONFIG("", DENY_ALL), CONFIG(KVM, DENY_ALL "," KVM_RULE)},
    /* from the policy: also block devices, and names that need escapes */
    {KVM_AND("\"add\":[\"/dev/sda\"]"), CONFIG(KVM, KVM_RULE),
     CONFIG(KVM "," NODE("/dev/sda", "b", 8, 0, 432, 0, 6), KVM_RULE "," RULE("b", 8, 0))},
    {KVM_AND("\"add\":[\"/dev/\\\"\\\\\"]"), CONFIG(KVM, KVM_RULE),
     CONFIG(KVM "," NODE("/dev/\\\"\\\\", "c", 1, 2, 0, 3, 4294967295),
	    KVM_RULE "," RULE("c", 1, 2))},
    /* all there: byte for byte what it was */
    {ONLY_KVM, " " CONFIG(KVM, DENY_ALL "," KVM_RULE) "\n",
     " " CONFIG(KVM, DENY_ALL "," KVM_RULE) "\n"},
    /* node and rule are lacking independently */
    {ONLY_KVM, CONFIG("", KVM_RULE), CONFIG(KVM, KVM_RULE)},
    {ONLY_KVM, CONFIG(KVM, ""), CONFIG(KVM, KVM_RULE)},
    /* a node of that path stays what it is */
    {ONLY_KVM, CONFIG("{'path':'/dev/kvm','type':'u','major':10,'minor':232}", KVM_RULE),
     CONFIG("{'path':'/dev/kvm','type':'u','major':10,'minor':232}", KVM_RULE)},
    {ONLY_KVM, CONFIG("{'path':'/dev/kvm','type':'c','major':1,'minor':232}", KVM_RULE),
     CONFIG("{'path':'/dev/kvm','type':'c','major':1,'minor':232}", KVM_RULE) //
     "\n! /linux/devices/0: /dev/kvm is c 1:232 in the config and c 10:232 on this host; the "
     "config's was kept"},
    {ONLY_KVM, CONFIG("{'path':'/x','type':'p'},{'path':'/dev/kvm','type':'p'}", KVM_RULE),
     CONFIG("{'path':'/x','type':'p'},{'path':'/dev/kvm','type':'p'}", KVM_RULE) //
     "\n! /linux/devices/1: /dev/kvm is p 0:0 in the config and c 10:232 on this host; the "
     "config's was kept"},
    {ONLY_KVM, CONFIG("{'path':'/dev/kvm2','type':'c','major':10,'minor':232}", KVM_RULE),
     CONFIG("{'path':'/dev/kvm2','type':'c','major':10,'minor':232}," KVM, KVM_RULE)},
    /* what the rules grant in their order */
    {ONLY_KVM, CONFIG(KVM, "{'allow':true,'type':'c','major':10,'access':'rwm'}"),
     CONFIG(KVM, "{'allow':true,'type':'c','major':10,'access':'rwm'}")},
    {ONLY_KVM,
     CONFIG(KVM, "{'allow':true,'type':'c','major':10,'access':'rw'},"
		 "{'allow':true,'type':'c','access':'m'}"),
     CONFIG(KVM, "{'allow':true,'type':'c','major':10,'access':'rw'},"
		 "{'allow':true,'type':'c','access':'m'}")},
    {ONLY_KVM, CONFIG(KVM, "{'allow':true,'type':'c','major':10,'minor':232,'access':'rw'}"),
     CONFIG(KVM, "{'allow':true,'type':'c','major':10,'minor':232,'access':'rw'}," KVM_RULE)},
    {ONLY_KVM, CONFIG(KVM, "{'allow':true,'type':'b','major':10,'minor':232,'access':'rwm'}"),
     CONFIG(KVM, "{'allow':true,'type':'b','major':10,'minor':232,'access':'rwm'}," KVM_RULE)},
    {ONLY_KVM, CONFIG(KVM, KVM_RULE "," DENY_ALL), CONFIG(KVM, KVM_RULE "," DENY_ALL "," KVM_RULE)},
    {ONLY_KVM, CONFIG(KVM, DENY_ALL ",{'allow':false,'type':'c','major':10,'minor':232}"),
     CONFIG(KVM, DENY_ALL ",{'allow':false,'type':'c','major':10,'minor':232}," KVM_RULE) //
     "\n! the config denies /dev/kvm; the hypervisor needs it, so it is allowed again"},
    /* the base list of the runtimes is not in the config */
    {KVM_AND("\"add\":[\"/dev/vfio/vfio\"]"), CONFIG("", "{'allow':true,'access':'r'}"),
     CONFIG(KVM "," NODE("/dev/vfio/vfio", "c", 10, 196, 438, 0, 0),
	    "{'allow':true,'access':'r'}," KVM_RULE "," RULE("c", 10, 196))},
    /* everything is allowed: no rule; what is denied all the same gets neither rule nor node */
    {ONLY_KVM, CONFIG("", "{'allow':true,'access':'rwm'}"),
     CONFIG(KVM, "{'allow':true,'access':'rwm'}")},
    {ONLY_KVM,
     CONFIG("", "{'allow':true,'access':'rwm'},{'allow':false,'type':'c','major':10,'access':'m'}"),
     CONFIG(KVM,
	    "{'allow':true,'access':'rwm'},{'allow':false,'type':'c','major':10,'access':'m'}")},
    {ONLY_KVM, CONFIG("", "{'allow':true,'access':'rwm'},{'allow':false,'type':'c','major':10}"),
     CONFIG("", "{'allow':true,'access':'rwm'},{'allow':false,'type':'c','major':10}") //
     "\n! hypervisor device /dev/kvm is denied by the config: the VM may not start"},
    /* policy */
    {KVM_AND("\"deny\":[\"/dev/kvm\"]"), CONFIG("", DENY_ALL),
     CONFIG("", DENY_ALL) //
     "\n! the policy denies /dev/kvm, a hypervisor device: the VM may not start"},
    {KVM_AND("\"require\":[\"/dev/kvm\"]"), CONFIG("", ""), CONFIG(KVM, KVM_RULE)},
    {KVM_AND("\"require\":[\"/dev/vhost-net\"]"), CONFIG("", ""),
     "4: /dev/vhost-net: required by the policy, but it is no device node on this host; load its "
     "module, or take it out of 'require'"},
    /* refused as setup refuses */
    {ONLY_KVM,
     CONFIG("", "{'allow':true,'type':'c','major':10,'access':'rwm'},"
		"{'allow':false,'type':'c','major':10,'minor':232}"),
     "3: /linux/resources/devices/1: device rule 'deny c 10:232 rwm' cuts a hole into 'allow c "
     "10:* rwm' (/linux/resources/devices/0): cgroup v1 cannot express it, and one config means "
     "the same on every layout; list single devices in place of the wildcard, or leave this rule "
     "out"},
};

/* The same with " for '. */
static char *quoted(const char *s)
{
	char *copy = strdup(s);

	assert_non_null(copy);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	return copy;
}

/* Our own words hold an apostrophe. */
static void requote(char *want)
{
	char *at = strstr(want, "config\"s");

	if (at)
		at[6] = '\'';
}

static void test_rows(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *doc = quoted(rows[i].doc), *want = quoted(rows[i].want);
		struct text got = {0};

		requote(want);
		filter(&got, doc, rows[i].policy, &host);
		if (strcmp(got.s, want) != 0) {
			print_error("row %zu: %s\n   got  %s\n   want %s\n", i, doc, got.s, want);
			wrong++;
		}
		text_free(&got);
		free(doc);
		free(want);
	}
	assert_int_equal(wrong, 0);
}

/* Whatever was added is there the second time. */
static void test_idempotent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *doc = quoted(rows[i].doc);
		struct text once = {0}, twice = {0};

		filter(&once, doc, rows[i].policy, &host);
		if (once.s[0] == '{' || once.s[0] == ' ') {
			char *words = strpbrk(once.s, "!~");

			if (words)
				words[-1] = '\0';
			filter(&twice, once.s, rows[i].policy, &host);
			assert_memory_equal(twice.s, once.s, strlen(once.s));
			assert_true(strcspn(twice.s, "!~") >= strlen(once.s));
		}
		text_free(&once);
		text_free(&twice);
		free(doc);
	}
}

/* /dev/mshv stands in for /dev/kvm, and only where that is missing. */
static void test_stand_in(void **state)
{
	static const char policy[] = "{\"devices\":{\"remove\":[\"/dev/vhost-net\","
				     "\"/dev/vhost-vsock\",\"/dev/vfio/vfio\"]}}";
	char *want = quoted(CONFIG(NODE("/dev/mshv", "c", 10, 120, 384, 0, 0), RULE("c", 10, 120)));
	char *doc = quoted(CONFIG("", ""));
	struct text got = {0};

	(void)state;
	filter(&got, doc, policy, &mshv_host);
	assert_string_equal(got.s, want);
	free(want);
	free(doc);
	/* even where no filter keeps it away */
	doc = quoted(CONFIG("", "{'allow':true,'access':'rwm'}"));
	want = quoted(CONFIG(KVM, "{'allow':true,'access':'rwm'}"));
	mshv_nodes[0] = nodes[0];
	got.len = 0;
	filter(&got, doc, policy, &mshv_host);
	assert_string_equal(got.s, want);
	text_free(&got);
	free(want);
	free(doc);
}

/* Two names of one device are two nodes and one rule. */
static void test_two_names(void **state)
{
	static struct facts_device two[] = {{"/dev/kvm", true, 'c', 10, 232, 0600, 0, 0},
					    {"/dev/other", true, 'c', 10, 232, 0600, 0, 0}};
	static const struct facts facts = {.devices = two, .n_devices = COUNT(two)};
	char *want = quoted(CONFIG(NODE("/dev/kvm", "c", 10, 232, 384, 0,
					0) "," NODE("/dev/other", "c", 10, 232, 384, 0, 0),
				   KVM_RULE));
	char *doc = quoted(CONFIG("", ""));
	struct text got = {0};

	(void)state;
	filter(&got, doc, KVM_AND("\"add\":[\"/dev/other\"]"), &facts);
	assert_string_equal(got.s, want);
	text_free(&got);
	free(want);
	free(doc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_idempotent),
	    cmocka_unit_test(test_stand_in),
	    cmocka_unit_test(test_two_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
