/* Answers what Debian's libmodsecurity says of values and requests, one line each.
 *
 *   cc -O2 libmodsecurity.c -lmodsecurity
 *   ./a.out injections
 *   ./a.out transformations NAME...
 *   ./a.out requests RULES...
 *
 * Input is frames: a length of four bytes, little-endian, and so many bytes. A value is one frame.
 * A request is method, target, protocol, the number of header fields in decimal, names and values
 * in turn, and the body. Answers:
 *
 *   injections:       fingerprint or `-`, and 1 or 0 for script
 *   transformations:  the value after each, in hexadecimal, `-` where it is empty
 *   requests:         nanoseconds of CPU, status or 0, and the ids of the rules that logged
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <modsecurity/modsecurity.h>
#include <modsecurity/rules_set.h>
#include <modsecurity/transaction.h>

/* Exported by the library, not declared by its headers. */
int libinjection_sqli(const char *value, size_t length, char fingerprint[8]);
int libinjection_xss(const char *value, size_t length);

enum { FRAME_BYTES_MAX = 1 << 24, HEADERS_MAX = 1000 };

struct frame {
    char *bytes;
    uint32_t length;
};

static void fail(const char *what)
{
    fprintf(stderr, "libmodsecurity: %s\n", what);
    exit(1);
}

/* Reads one frame, with a NUL behind it. 0 at the end of the input. */
static int read_frame(struct frame *frame)
{
    uint32_t length;

    if (fread(&length, sizeof length, 1, stdin) != 1) {
        return 0;
    }
    if (length > FRAME_BYTES_MAX) {
        fail("a frame is too long");
    }
    frame->bytes = realloc(frame->bytes, (size_t)length + 1);
    if (frame->bytes == NULL || fread(frame->bytes, 1, length, stdin) != length) {
        fail("a frame is cut off");
    }
    frame->bytes[length] = 0;
    frame->length = length;
    return 1;
}

static void require_frame(struct frame *frame)
{
    if (!read_frame(frame)) {
        fail("a request is cut off");
    }
}

static int64_t cpu_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int injections(void)
{
    struct frame value = { 0 };

    while (read_frame(&value)) {
        char fingerprint[8] = { 0 };
        libinjection_sqli(value.bytes, value.length, fingerprint);
        int script = libinjection_xss(value.bytes, value.length);
        printf("%s %d\n", fingerprint[0] ? fingerprint : "-", script ? 1 : 0);
    }
    return 0;
}

static RulesSet *rules_of(const char *text)
{
    const char *error = NULL;
    RulesSet *rules = msc_create_rules_set();

    if (msc_rules_add(rules, text, &error) < 0) {
        fail(error ? error : "the rules do not compile");
    }
    return rules;
}

/* Prints the message of a log line. */
static void print_message(void *data, const void *line)
{
    const char *from = strstr(line, "[msg \"");
    const char *to = from ? strstr(from, "\"]") : NULL;

    (void)data;
    if (to != NULL) {
        int length = (int)(to - from - 6);
        printf(" %.*s", length ? length : 1, length ? from + 6 : "-");
    }
}

/* One rule for each transformation; the message carries what the value became. */
static RulesSet *transformation_rules(int count, char **names)
{
    char text[1 << 16] = "SecRuleEngine DetectionOnly\nSecRequestBodyAccess On\n";
    size_t length = strlen(text);
    const char *map = getenv("UNICODE_MAP");

    if (map != NULL) {
        length += (size_t)snprintf(text + length, sizeof text - length,
            "SecUnicodeMapFile %s 20127\n", map);
    }
    for (int i = 0; i < count && length < sizeof text; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length,
            "SecRule ARGS_POST:v \"@unconditionalMatch\" \"id:%d,phase:2,pass,log,t:none,"
            "t:%s,t:hexEncode,msg:'%%{MATCHED_VAR}'\"\n", i + 1, names[i]);
    }
    return rules_of(text);
}

static void append_percent_encoded(Transaction *transaction, const struct frame *value)
{
    size_t length = (size_t)value->length * 3 + 2;
    char *body = malloc(length + 1);

    if (body == NULL) {
        fail("no memory");
    }
    strcpy(body, "v=");
    for (uint32_t i = 0; i < value->length; i++) {
        sprintf(body + 2 + (size_t)i * 3, "%%%02x", (unsigned char)value->bytes[i]);
    }
    msc_append_request_body(transaction, (const unsigned char *)body, length);
    free(body);
}

static int transformations(ModSecurity *library, int count, char **names)
{
    RulesSet *rules = transformation_rules(count, names);
    struct frame value = { 0 };

    msc_set_log_cb(library, print_message);
    while (read_frame(&value)) {
        Transaction *transaction = msc_new_transaction(library, rules, NULL);
        msc_process_connection(transaction, "127.0.0.1", 1, "127.0.0.1", 80);
        msc_process_uri(transaction, "/", "POST", "1.1");
        msc_add_request_header(transaction, (const unsigned char *)"Content-Type",
            (const unsigned char *)"application/x-www-form-urlencoded");
        msc_process_request_headers(transaction);
        append_percent_encoded(transaction, &value);
        msc_process_request_body(transaction);
        msc_transaction_cleanup(transaction);
        printf("\n");
    }
    return 0;
}

/* Ids are kept until the end, because the line begins with the time. */
static char ids[1 << 16];
static size_t ids_length;

static void keep_id(void *data, const void *line)
{
    /* Behind the line number, because the value stands before it. */
    const char *from = strstr(line, "\"] [id \"");

    (void)data;
    if (from != NULL && ids_length + 16 < sizeof ids) {
        ids_length += (size_t)sprintf(ids + ids_length, " %ld", strtol(from + 8, NULL, 10));
    }
}

/* Whether a rule ended the transaction; the server stops there. */
static int intervened(Transaction *transaction, int *status)
{
    ModSecurityIntervention intervention = { 200, 0, NULL, NULL, 0 };

    if (!msc_intervention(transaction, &intervention)) {
        return 0;
    }
    *status = intervention.status;
    if (intervention.log != NULL) {
        keep_id(NULL, intervention.log);
    }
    free(intervention.url);
    free(intervention.log);
    return 1;
}

static void respond(Transaction *transaction)
{
    static const char body[] = "{\"status\":\"ok\"}";

    msc_add_response_header(transaction, (const unsigned char *)"Content-Type",
        (const unsigned char *)"application/json");
    msc_process_response_headers(transaction, 200, "HTTP/1.1");
    msc_append_response_body(transaction, (const unsigned char *)body, sizeof body - 1);
    msc_process_response_body(transaction);
}

static int inspect(Transaction *transaction, struct frame *request, int headers)
{
    struct frame *body = &request[3 + headers * 2];
    int status = 0;

    msc_process_connection(transaction, "127.0.0.1", 40000, "127.0.0.1", 80);
    const char *protocol = strchr(request[2].bytes, '/');
    msc_process_uri(transaction, request[1].bytes, request[0].bytes,
        protocol ? protocol + 1 : request[2].bytes);
    for (int i = 0; i < headers; i++) {
        struct frame *name = &request[3 + i * 2];
        msc_add_n_request_header(transaction, (const unsigned char *)name[0].bytes,
            name[0].length, (const unsigned char *)name[1].bytes, name[1].length);
    }
    msc_process_request_headers(transaction);
    if (!intervened(transaction, &status)) {
        msc_append_request_body(transaction, (const unsigned char *)body->bytes, body->length);
        msc_process_request_body(transaction);
        if (!intervened(transaction, &status)) {
            respond(transaction);
            intervened(transaction, &status);
        }
    }
    msc_process_logging(transaction);
    return status;
}

static int requests(ModSecurity *library, int count, char **files)
{
    RulesSet *rules = msc_create_rules_set();
    static struct frame request[4 + HEADERS_MAX * 2];
    struct frame number = { 0 };

    for (int i = 0; i < count; i++) {
        const char *error = NULL;
        if (msc_rules_add_file(rules, files[i], &error) < 0) {
            fail(error ? error : files[i]);
        }
    }
    msc_set_log_cb(library, keep_id);
    while (read_frame(&request[0])) {
        require_frame(&request[1]);
        require_frame(&request[2]);
        require_frame(&number);
        int headers = atoi(number.bytes);
        if (headers < 0 || headers > HEADERS_MAX) {
            fail("too many header fields");
        }
        for (int i = 0; i < headers * 2 + 1; i++) {
            require_frame(&request[3 + i]);
        }
        ids_length = 0;
        ids[0] = 0;
        int64_t start = cpu_ns();
        Transaction *transaction = msc_new_transaction(library, rules, NULL);
        int status = inspect(transaction, request, headers);
        msc_transaction_cleanup(transaction);
        printf("%lld %d%s\n", (long long)(cpu_ns() - start), status, ids);
    }
    return 0;
}

int main(int count, char **arguments)
{
    const char *chore = count > 1 ? arguments[1] : "";

    if (strcmp(chore, "injections") == 0) {
        return injections();
    }
    ModSecurity *library = msc_init();
    msc_set_connector_info(library, "peer");
    if (strcmp(chore, "transformations") == 0) {
        return transformations(library, count - 2, arguments + 2);
    }
    if (strcmp(chore, "requests") == 0) {
        return requests(library, count - 2, arguments + 2);
    }
    if (strcmp(chore, "version") == 0) {
        puts(msc_who_am_i(library));
        return 0;
    }
    fail("say `injections`, `transformations`, `requests` or `version`");
    return 1;
}
