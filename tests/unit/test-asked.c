/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-asked - what the file of an update asks for, and what in it nobody knows
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "hook/asked.h"
#include "oci/resources.h"
#include "oci/text.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* unknown: the pointers of members that nobody knows. */
static const struct {
	const char *document, *unknown;
	bool anything;
} rows[] = {
    {"{}", "", false},
    {"{'memory': {}}", "", false},
    {"{'memory': {'limit': 5}}", "", true},
    {"{'memory': {'limt': 5}}", "/memory/limt", false},
    {"{'memory': {'limt': 5}, 'pids': {'limit': 7}}", "/memory/limt", true},
    {"{'Memory': {'limit': 5}}", "/Memory", false},
    {"{'mem': {'limit': 5}, 'cpus': '0'}", "/mem /cpus", false},
    {"{'mem': null}", "", false},
    /* the template of runc update: zeros that ask for nothing, and zeros that do */
    {"{'memory': {'limit': 0, 'swap': 0}, 'cpu': {'shares': 0, 'cpus': ''}, 'blockIO': {'weight': "
     "0}}",
     "", false},
    {"{'memory': {'limit': -1}}", "", true},
    {"{'pids': {'limit': 0}}", "", true},
    {"{'cpu': {'burst': 0}}", "", true},
    {"{'cpu': {'idle': 0}}", "", true},
    {"{'memory': {'disableOOMKiller': false}}", "", true},
    {"{'memory': {'swappiness': 0}}", "", true},
    {"{'unified': {'any.name': '0'}}", "", true},
    {"{'unified': {}}", "", false},
    {"{'devices': [], 'hugepageLimits': []}", "", false},
    {"{'devices': [{'allow': false, 'acces': 'rwm'}]}", "/devices/0/acces", true},
    {"{'hugepageLimits': [{'pageSize': '2MB', 'limit': 0}]}", "", true},
    {"{'blockIO': {'throttleReadBpsDevice': [{'major': 8, 'minor': 0, 'rate': 1}, "
     "{'major': 8, 'minor': 0, 'rat': 1}]}}",
     "/blockIO/throttleReadBpsDevice/1/rat", true},
    {"{'rdma': {'mlx5_1': {'hcaHandles': 3, 'hca': 1}}}", "/rdma/mlx5_1/hca", true},
    {"{'network': {'classID': 1, 'priorities': [{'name': 'eth0', 'prio': 1}]}}",
     "/network/priorities/0/prio", true},
};

static struct json *parse(const char *document, struct arena *a)
{
	const struct json_options o = {.name = "test"};
	char *text = arena_copy(a, document, strlen(document));
	struct json *root;

	for (char *at = text; (at = strchr(at, '\''));)
		*at = '"';
	assert_int_equal(json_parse(&root, NULL, a, text, strlen(text), &o, NULL), 0);
	return root;
}

static void test_rows(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena a = {0};
		struct asked got;
		const char *unknown = "";

		asked_look(&got, parse(rows[i].document, &a), &a);
		for (size_t k = 0; k < got.n_unknown; k++)
			unknown = arena_printf(&a, "%s%s%s", unknown, k ? " " : "",
					       json_pointer(got.unknown[k].member, &a));
		if (strcmp(unknown, rows[i].unknown) != 0 || got.anything != rows[i].anything) {
			print_error("%s\n  want \"%s\", %d\n  got  \"%s\", %d\n", rows[i].document,
				    rows[i].unknown, rows[i].anything, unknown, got.anything);
			wrong++;
		}
		arena_free(&a);
	}
	assert_int_equal(wrong, 0);
}

/* What is offered is what the reader knows: it refuses a wrong type there, and ignores others. */
static void test_names_are_the_readers(void **state)
{
	static const struct {
		const char *before, *after;
	} forms[] = {
	    {"{'", "': true}"},
	    {"{'memory': {'", "': {}}}"},
	    {"{'cpu': {'", "': {}}}"},
	    {"{'pids': {'", "': {}}}"},
	    {"{'blockIO': {'", "': 1.5}}"},
	    {"{'network': {'", "': 'x'}}"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct arena a = {0};
		struct oci_resources r;
		struct asked got;
		const char *names;
		size_t n;

		asked_look(
		    &got,
		    parse(arena_printf(&a, "%snonsense%s", forms[i].before, forms[i].after), &a),
		    &a);
		assert_int_equal(got.n_unknown, 1);
		for (names = got.unknown[0].known; *names; names += n + strspn(names + n, " ")) {
			const char *document;

			n = strcspn(names, " ");
			document = arena_printf(&a, "%s%.*s%s", forms[i].before, (int)n, names,
						forms[i].after);
			if (oci_resources_read(&r, parse(document, &a), &a, NULL) == 0)
				fail_msg("%s: the reader does not know it", document);
		}
		arena_free(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_names_are_the_readers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
