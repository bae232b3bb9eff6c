//! What no client should send, by the rule that it breaks.

use super::frames::*;
use super::greeting;

/// What the server must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    /// `GOAWAY` with an error, or a closed connection.
    Connection,
    /// `RST_STREAM` with an error, or more.
    Stream,
}

/// One case.
pub(super) struct Abuse {
    pub(super) name: &'static str,
    pub(super) ends: Ends,
    pub(super) begin: Vec<u8>,
    /// Sent so often behind it.
    pub(super) again: Vec<u8>,
    pub(super) times: usize,
    /// More than this the server may not let itself be sent.
    pub(super) bytes_max: usize,
}

pub(super) fn all() -> Vec<Abuse> {
    let parts =
        [settings_and_pings(), framing(), streams(), blocks(), messages(), bodies(), floods()];
    parts.into_iter().flatten().collect()
}

/// One that is sent once, behind the greeting.
fn once(name: &'static str, ends: Ends, frames: &[Vec<u8>]) -> Abuse {
    let begin = [greeting(), frames.concat()].concat();
    Abuse { name, ends, bytes_max: begin.len(), begin, again: Vec::new(), times: 0 }
}

fn connection(name: &'static str, frames: &[Vec<u8>]) -> Abuse {
    once(name, Ends::Connection, frames)
}

fn stream(name: &'static str, frames: &[Vec<u8>]) -> Abuse {
    once(name, Ends::Stream, frames)
}

/// One that goes on, and must be ended before some megabytes are sent.
fn flood(name: &'static str, before: Vec<u8>, again: Vec<u8>) -> Abuse {
    let begin = [greeting(), before].concat();
    let again = again.repeat(PART_BYTES.div_ceil(again.len()));
    let times = FLOOD_BYTES / again.len();
    Abuse { name, ends: Ends::Connection, begin, again, times, bytes_max: FLOOD_BYTES * 3 / 4 }
}

fn settings_and_pings() -> Vec<Abuse> {
    let first = |name, begin: &[u8]| Abuse {
        begin: begin.to_vec(),
        bytes_max: begin.len(),
        ..connection(name, &[])
    };
    vec![
        first("http_1_in_place_of_the_preface", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        first("a_preface_with_a_wrong_byte", b"PRI * HTTP/2.0\r\n\r\nSX\r\n\r\n"),
        first("a_ping_in_place_of_settings", &[PREFACE, &frame(PING, 0, 0, &[0; 8])].concat()),
        first("a_request_in_place_of_settings", &[PREFACE, &get(1)].concat()),
        connection("settings_on_a_stream", &[frame(SETTINGS, 0, 1, &[])]),
        connection("settings_of_five_bytes", &[frame(SETTINGS, 0, 0, &[0; 5])]),
        connection("settings_of_seven_bytes", &[frame(SETTINGS, 0, 0, &[0; 7])]),
        connection("an_acknowledgement_with_a_payload", &[frame(SETTINGS, ACK, 0, &[0; 6])]),
        connection(
            "more_acknowledgements_than_settings",
            &[frame(SETTINGS, ACK, 0, &[]).repeat(2)],
        ),
        connection("push_that_is_neither_on_nor_off", &[settings(&[(2, 2)])]),
        connection("a_window_that_overflows", &[settings(&[(4, 1 << 31)])]),
        connection("frames_that_are_too_small", &[settings(&[(5, 16_383)])]),
        connection("frames_that_are_too_large", &[settings(&[(5, 1 << 24)])]),
        connection("a_ping_on_a_stream", &[frame(PING, 0, 1, &[0; 8])]),
        connection("a_ping_of_seven_bytes", &[frame(PING, 0, 0, &[0; 7])]),
        connection("a_ping_of_nine_bytes", &[frame(PING, 0, 0, &[0; 9])]),
        connection("goaway_on_a_stream", &[frame(GOAWAY, 0, 1, &[0; 8])]),
        connection("goaway_of_seven_bytes", &[frame(GOAWAY, 0, 0, &[0; 7])]),
    ]
}

fn framing() -> Vec<Abuse> {
    let large = vec![0; 16_385];
    vec![
        connection("data_beyond_the_frame_size", &[post(1, "/"), data(1, 0, &large)]),
        connection("headers_beyond_the_frame_size", &[frame(HEADERS, WHOLE, 1, &large)]),
        connection("settings_beyond_the_frame_size", &[frame(SETTINGS, 0, 0, &vec![0; 16_386])]),
        connection("unknown_beyond_the_frame_size", &[frame(UNKNOWN, 0, 0, &large)]),
        connection(
            "a_push_of_the_client",
            &[get(1), frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2])],
        ),
        connection("window_update_of_three_bytes", &[frame(WINDOW_UPDATE, 0, 0, &[0; 3])]),
        connection("window_update_of_nothing", &[window_update(0, 0)]),
        connection("a_connection_window_that_overflows", &[window_update(0, 0x7fff_ffff)]),
        connection("reset_of_three_bytes", &[get(1), frame(RST_STREAM, 0, 1, &[0; 3])]),
        connection("priority_of_four_bytes", &[get(1), frame(PRIORITY, 0, 1, &[0; 4])]),
        connection(
            "headers_with_more_padding_than_bytes",
            &[frame(HEADERS, WHOLE | PADDED, 1, &[9, 0x82])],
        ),
        connection("data_with_more_padding_than_bytes", &[post(1, "/"), data(1, PADDED, &[9, 0])]),
        connection("padded_data_of_nothing", &[post(1, "/"), data(1, PADDED, &[])]),
    ]
}

fn streams() -> Vec<Abuse> {
    vec![
        connection("headers_on_stream_zero", &[get(0)]),
        connection("data_on_stream_zero", &[data(0, 0, b"a")]),
        connection("reset_on_stream_zero", &[reset(0)]),
        connection("priority_on_stream_zero", &[frame(PRIORITY, 0, 0, &[0, 0, 0, 3, 0])]),
        connection("continuation_on_stream_zero", &[frame(CONTINUATION, END_HEADERS, 0, &[])]),
        connection("headers_on_an_even_stream", &[get(2)]),
        connection("headers_on_an_older_stream", &[get(5), get(3)]),
        connection("data_on_an_idle_stream", &[data(1, 0, b"a")]),
        connection("reset_on_an_idle_stream", &[reset(1)]),
        connection("window_update_on_an_idle_stream", &[window_update(1, 1)]),
        stream(
            "a_stream_that_depends_on_itself",
            &[post(1, "/"), frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 0])],
        ),
        stream(
            "headers_that_depend_on_themselves",
            &[frame(
                HEADERS,
                WHOLE | PRIORITISED,
                1,
                &[&[0, 0, 0, 1, 0], &request("GET", "/")[..]].concat(),
            )],
        ),
        stream(
            "data_behind_the_end",
            &[post(1, "/hold"), data(1, END_STREAM, b"a"), data(1, 0, b"a")],
        ),
        stream(
            "headers_behind_the_end",
            &[
                frame(HEADERS, WHOLE, 1, &request("GET", "/hold")),
                frame(HEADERS, WHOLE, 1, &field("a", "b")),
            ],
        ),
        stream("a_stream_window_update_of_nothing", &[post(1, "/hold"), window_update(1, 0)]),
        stream(
            "a_stream_window_that_overflows",
            &[post(1, "/hold"), window_update(1, 0x7fff_ffff)],
        ),
        stream(
            "data_beyond_the_stream_window",
            &[post(1, "/hold"), data(1, 0, &[0; 16_384]).repeat(17)],
        ),
        stream(
            "streams_beyond_the_limit",
            &[(0..101).flat_map(|n| post(2 * n + 1, "/hold")).collect()],
        ),
    ]
}

fn blocks() -> Vec<Abuse> {
    let open = || frame(HEADERS, END_STREAM, 1, &request("GET", "/"));
    let block = |name, block: &[u8]| connection(name, &[frame(HEADERS, WHOLE, 1, block)]);
    vec![
        connection("continuation_of_nothing", &[frame(CONTINUATION, END_HEADERS, 1, &[])]),
        connection(
            "continuation_behind_the_end",
            &[get(1), frame(CONTINUATION, END_HEADERS, 1, &[])],
        ),
        connection(
            "continuation_of_another_stream",
            &[open(), frame(CONTINUATION, END_HEADERS, 3, &[])],
        ),
        connection("data_inside_a_header_block", &[open(), data(1, 0, b"a")]),
        connection("a_ping_inside_a_header_block", &[open(), frame(PING, 0, 0, &[0; 8])]),
        connection("settings_inside_a_header_block", &[open(), settings(&[])]),
        connection("headers_inside_a_header_block", &[open(), get(3)]),
        connection("a_reset_inside_a_header_block", &[open(), reset(1)]),
        connection("unknown_inside_a_header_block", &[open(), frame(UNKNOWN, 0, 1, b"a")]),
        block("a_field_of_index_zero", &[0x80]),
        block("a_field_of_an_index_beyond_the_table", &[0xff, 0x80, 0x01]),
        block("a_name_of_an_index_beyond_the_table", &[0x7f, 0x80, 0x01, 0x01, b'a']),
        block("an_index_that_overflows", &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]),
        block("a_field_that_is_cut_off", &[0x00, 0x05, b'a']),
        block("a_value_longer_than_the_block", &[0x00, 0x01, b'a', 0x7f, 0xff, 0x7f]),
        block("a_table_beyond_the_settings", &[0x3f, 0xff, 0xff, 0x7f]),
        block("a_table_resized_behind_a_field", &[&request("GET", "/")[..], &[0x20]].concat()),
        stream(
            "huffman_that_ends_in_eos",
            &[frame(HEADERS, WHOLE, 1, &[0x00, 0x84, 0xff, 0xff, 0xff, 0xff, 0x01, b'a'])],
        ),
        stream(
            "huffman_padded_with_zeros",
            &[frame(HEADERS, WHOLE, 1, &[0x00, 0x81, 0x00, 0x01, b'a'])],
        ),
    ]
}

fn messages() -> Vec<Abuse> {
    let whole = |name, block: Vec<u8>| stream(name, &[frame(HEADERS, WHOLE, 1, &block)]);
    let with = |name, extra: Vec<u8>| whole(name, [request("GET", "/"), extra].concat());
    let method = || field(":method", "GET");
    let scheme = || field(":scheme", "https");
    let authority = || field(":authority", "localhost");
    let path = || field(":path", "/");
    vec![
        whole("no_path", [method(), scheme(), authority()].concat()),
        whole("no_method", [scheme(), authority(), path()].concat()),
        whole("no_scheme", [method(), authority(), path()].concat()),
        whole("no_pseudo_headers", field("a", "b")),
        whole("an_empty_path", [method(), scheme(), authority(), field(":path", "")].concat()),
        whole("an_empty_method", [field(":method", ""), scheme(), authority(), path()].concat()),
        whole("a_path_without_a_slash", request("GET", "a")),
        whole("a_path_with_a_space", request("GET", "/a b")),
        whole("a_path_with_a_line_end", request("GET", "/a HTTP/1.1\r\nHost: evil.test")),
        whole("a_method_with_a_space", request("GET /", "/")),
        whole("a_method_with_a_line_end", request("GET\r\n", "/")),
        with("two_methods", method()),
        with("two_paths", path()),
        with("two_authorities", authority()),
        with("a_status", field(":status", "200")),
        with("an_unknown_pseudo_header", field(":a", "b")),
        whole(
            "a_pseudo_header_behind_a_field",
            [method(), scheme(), field("a", "b"), path()].concat(),
        ),
        with("an_upper_case_name", field("Accept", "b")),
        with("a_name_with_a_space", field("a b", "c")),
        with("a_name_with_a_colon", field("a:", "c")),
        with("a_name_with_a_line_end", field("a\r\nb", "c")),
        with("an_empty_name", field("", "c")),
        with("a_value_with_a_line_feed", field("a", "b\nc: d")),
        with("a_value_with_a_carriage_return", field("a", "b\rc")),
        with("a_value_with_nul", field("a", "b\0c")),
        with("a_connection_header", field("connection", "close")),
        with("a_transfer_encoding", field("transfer-encoding", "chunked")),
        with("a_keep_alive", field("keep-alive", "timeout=5")),
        with("a_proxy_connection", field("proxy-connection", "keep-alive")),
        with("an_upgrade", field("upgrade", "h2c")),
        with("an_extension_that_is_not_trailers", field("te", "gzip")),
        whole("a_tunnel_with_a_path", request("CONNECT", "/")),
        with("a_protocol_without_a_tunnel", field(":protocol", "websocket")),
        whole(
            "a_tunnel_that_was_not_offered",
            [field(":protocol", "websocket"), request("CONNECT", "/")].concat(),
        ),
    ]
}

fn bodies() -> Vec<Abuse> {
    let sized = |name, lengths: &[&str], body: &[u8]| {
        let lengths: Vec<u8> =
            lengths.iter().flat_map(|length| field("content-length", length)).collect();
        let block = [request("POST", "/"), lengths].concat();
        stream(name, &[frame(HEADERS, END_HEADERS, 1, &block), data(1, END_STREAM, body)])
    };
    let trailers = |name, flags, block: Vec<u8>| {
        stream(name, &[post(1, "/"), data(1, 0, b"a"), frame(HEADERS, flags, 1, &block)])
    };
    vec![
        sized("a_body_shorter_than_its_length", &["5"], b"a"),
        sized("a_body_longer_than_its_length", &["1"], b"outer"),
        sized("a_length_with_a_sign", &["+5"], b"outer"),
        sized("a_length_that_is_a_list", &["5, 6"], b"outer"),
        sized("a_length_that_is_a_word", &["five"], b"outer"),
        sized("a_length_that_overflows", &["18446744073709551621"], b"outer"),
        sized("two_different_lengths", &["5", "6"], b"outer"),
        trailers("trailers_that_do_not_end_the_stream", END_HEADERS, field("a", "b")),
        trailers("trailers_with_an_upper_case_name", WHOLE, field("A", "b")),
        trailers("trailers_with_a_connection_header", WHOLE, field("connection", "close")),
    ]
}

fn floods() -> Vec<Abuse> {
    let open = |name| frame(HEADERS, END_STREAM, 1, &request("GET", name));
    // Each stream once: the numbers of streams only grow.
    let streams = |name, each: &dyn Fn(u32) -> Vec<u8>| {
        let all: Vec<u8> = (0..20_000).flat_map(|n| each(2 * n + 1)).collect();
        let begin = greeting();
        Abuse { name, ends: Ends::Connection, begin, again: all, times: 1, bytes_max: FLOOD_BYTES }
    };
    let referring = {
        // One large field into the table, then a byte for each time that it is said again.
        let mut block = request("GET", "/");
        block.extend([0x40, 1, b'a', 0x7f, 0xa1, 0x1e]);
        block.extend([b'x'; 4000]);
        block.extend([0xbe; 12_000]);
        frame(HEADERS, WHOLE, 1, &block)
    };
    vec![
        flood("a_flood_of_pings", vec![], frame(PING, 0, 0, &[0; 8])),
        flood("a_flood_of_pongs", vec![], frame(PING, ACK, 0, &[0; 8])),
        flood("a_flood_of_settings", vec![], settings(&[])),
        flood(
            "a_flood_of_windows",
            vec![],
            [settings(&[(4, 0)]), settings(&[(4, 65_535)])].concat(),
        ),
        flood(
            "a_flood_of_table_sizes",
            vec![],
            [settings(&[(1, 0)]), settings(&[(1, 4096)])].concat(),
        ),
        flood("a_flood_of_acknowledgements", vec![], frame(SETTINGS, ACK, 0, &[])),
        flood("a_flood_of_priorities", vec![], frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 0])),
        flood("a_flood_of_window_updates", vec![], window_update(0, 1)),
        flood("a_flood_of_stream_window_updates", post(1, "/hold"), window_update(1, 1)),
        flood("a_flood_of_resets", get(1), reset(1)),
        flood("a_flood_of_unknown_frames", vec![], frame(UNKNOWN, 0, 0, &[])),
        flood("a_flood_of_farewells", vec![], frame(GOAWAY, 0, 0, &[0; 8])),
        flood("a_flood_of_empty_data", post(1, "/"), data(1, 0, &[])),
        flood("a_flood_of_single_bytes", post(1, "/hold"), data(1, 0, b"a")),
        flood(
            "a_flood_of_padding",
            post(1, "/"),
            data(1, PADDED, &[&[255_u8][..], &[0; 255]].concat()),
        ),
        flood("a_flood_of_continuations", open("/"), frame(CONTINUATION, 0, 1, &field("a", "b"))),
        flood("a_flood_of_empty_continuations", open("/"), frame(CONTINUATION, 0, 1, &[])),
        flood(
            "a_flood_of_large_continuations",
            open("/"),
            frame(CONTINUATION, 0, 1, &[0x82; 16_384]),
        ),
        streams("rapid_resets", &|id| [get(id), reset(id)].concat()),
        streams("rapid_resets_of_bodies", &|id| [post(id, "/hold"), reset(id)].concat()),
        streams("resets_that_we_are_made_to_send", &|id| {
            [post(id, "/hold"), window_update(id, 0)].concat()
        }),
        streams("resets_for_windows_that_overflow", &|id| {
            [post(id, "/hold"), window_update(id, 0x7fff_ffff)].concat()
        }),
        streams("resets_for_malformed_requests", &|id| frame(HEADERS, WHOLE, id, &field("A", "b"))),
        streams("resets_for_dependencies", &|id| {
            let depends = [&(id.to_be_bytes())[..], &[0]].concat();
            [post(id, "/hold"), frame(PRIORITY, 0, id, &depends)].concat()
        }),
        stream("a_field_that_is_said_twelve_thousand_times", &[referring]),
    ]
}

/// More than the buffers of both kernels hold.
const FLOOD_BYTES: usize = 16 << 20;
/// Sent in one piece.
const PART_BYTES: usize = 4096;
