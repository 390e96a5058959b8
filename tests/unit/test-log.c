/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test-log - lines for people and programs, and which of them appear
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hook/log.h"
#include "oci/json.h"

enum { ROOM = 8192 };

struct fixture {
	char file[64];
	char text[ROOM]; /* what was logged */
};

static int setup(void **state)
{
	struct fixture *x = calloc(1, sizeof(*x));
	int fd;

	strcpy(x->file, "/tmp/vmcg-test-log.XXXXXX");
	fd = mkstemp(x->file);
	close(fd);
	*state = x;
	return fd < 0 ? -1 : 0;
}

static int teardown(void **state)
{
	struct fixture *x = *state;

	unlink(x->file);
	free(x);
	return 0;
}

static void read_log(struct fixture *x)
{
	int fd = open(x->file, O_RDONLY | O_CLOEXEC);
	ssize_t n = read(fd, x->text, ROOM - 1);

	assert_true(n >= 0);
	x->text[n] = '\0';
	close(fd);
}

/* The module has state of its own: each use of it is a process of its own. */
#define IN_CHILD(...)                                               \
	do {                                                        \
		int status_;                                        \
		pid_t pid_ = fork();                                \
		if (pid_ == 0) {                                    \
			__VA_ARGS__;                                \
			_exit(0);                                   \
		}                                                   \
		assert_int_equal(waitpid(pid_, &status_, 0), pid_); \
		assert_int_equal(status_, 0);                       \
	} while (0)

static void say_all(void)
{
	log_debug("d%d", 1);
	log_info("i%d", 2);
	log_warning("w%d", 3);
	log_error("e%d", 4);
}

static void open_log(const struct log_options *o)
{
	if (log_open(o, NULL) < 0)
		_exit(1);
}

static void test_text(void **state)
{
	struct fixture *x = *state;
	const struct log_options o = {.file = x->file, .command = "createRuntime"};

	IN_CHILD(open_log(&o); log_about("c1"); say_all(); log_about(NULL); log_error("end"));
	read_log(x);
	assert_string_equal(x->text, "vmcg createRuntime c1: info: i2\n"
				     "vmcg createRuntime c1: warning: w3\n"
				     "vmcg createRuntime c1: e4\n"
				     "vmcg createRuntime: end\n");
}

static void test_debug(void **state)
{
	struct fixture *x = *state;
	const struct log_options o = {.file = x->file, .debug = true};

	IN_CHILD(open_log(&o); say_all());
	read_log(x);
	assert_string_equal(x->text, "vmcg: debug: d1\nvmcg: info: i2\nvmcg: warning: w3\n"
				     "vmcg: e4\n");
}

/* Standard error is for what is wrong; more only when asked for. */
static void test_standard_error(void **state)
{
	struct fixture *x = *state;
	const struct log_options quiet = {0}, loud = {.debug = true};
	int fd = open(x->file, O_WRONLY | O_CLOEXEC);

	IN_CHILD(dup2(fd, 2); open_log(&quiet); say_all());
	read_log(x);
	assert_string_equal(x->text, "vmcg: warning: w3\nvmcg: e4\n");
	assert_int_equal(ftruncate(fd, 0) | (int)lseek(fd, 0, SEEK_SET), 0);
	IN_CHILD(dup2(fd, 2); open_log(&loud); say_all());
	read_log(x);
	assert_string_equal(x->text, "vmcg: debug: d1\nvmcg: info: i2\nvmcg: warning: w3\n"
				     "vmcg: e4\n");
	close(fd);
}

/* One line, whatever the message holds: a name must not forge a second one. */
static void test_one_line(void **state)
{
	struct fixture *x = *state;
	const struct log_options o = {.file = x->file};
	char longer[4000] = "";

	memset(longer, 'x', sizeof(longer) - 1);
	IN_CHILD(open_log(&o); log_error("a\nvmcg: b\x1b[31m\t%s", "%s"); log_error("%s", longer));
	read_log(x);
	assert_non_null(strstr(x->text, "vmcg: a\\x0avmcg: b\\x1b[31m\\x09%s\n"));
	assert_ptr_equal(strchr(strchr(x->text, '\n') + 1, '\n') + 1, x->text + strlen(x->text));
}

static const char *member(const struct json *object, const char *name)
{
	const struct json *n = json_member(object, name);

	return n && n->type == JSON_STRING ? n->text : NULL;
}

static void test_json(void **state)
{
	static const struct json_options each = {.name = "log", .many = true};
	struct fixture *x = *state;
	const struct log_options o = {.file = x->file, .command = "plan", .json = true};
	static const char *const levels[] = {"info", "warning", "error", "error"};
	static const char *const messages[] = {"i2", "w3", "e4", "say \"a\\b\" \\x0a"};
	struct arena a = {0};
	size_t at = 0, used = 0;

	IN_CHILD(open_log(&o); log_about("c\"1"); say_all(); log_error("say \"a\\b\" \n"));
	read_log(x);
	for (size_t i = 0; i < 4; i++) {
		struct json *n = NULL;

		assert_int_equal(
		    json_parse(&n, &used, &a, x->text + at, strlen(x->text + at), &each, NULL), 0);
		assert_string_equal(member(n, "level"), levels[i]);
		assert_string_equal(member(n, "message"), messages[i]);
		assert_string_equal(member(n, "command"), "plan");
		assert_string_equal(member(n, "id"), "c\"1");
		assert_int_equal(strlen(member(n, "time")), strlen("2000-01-01T00:00:00.000Z"));
		at += used;
		assert_int_equal(x->text[at], '\n'); /* a line each */
		at++;
	}
	assert_int_equal(x->text[at], '\0');
	arena_free(&a);
}

static void test_file(void **state)
{
	struct fixture *x = *state;
	const struct log_options bad = {.file = "/nowhere/at/all"}, o = {.file = x->file};
	struct error e = {0};
	struct stat st;

	assert_int_equal(log_open(&bad, &e), -1);
	assert_int_equal(e.kind, ERROR_USAGE);
	assert_non_null(strstr(e.text, "--log /nowhere/at/all"));
	/* appended to, and made for nobody else */
	IN_CHILD(open_log(&o); log_error("one"));
	IN_CHILD(open_log(&o); log_error("two"));
	read_log(x);
	assert_string_equal(x->text, "vmcg: one\nvmcg: two\n");
	unlink(x->file);
	IN_CHILD(umask(0); open_log(&o));
	assert_int_equal(stat(x->file, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FILE(test_text),     WITH_FILE(test_debug), WITH_FILE(test_standard_error),
	    WITH_FILE(test_one_line), WITH_FILE(test_json),  WITH_FILE(test_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
