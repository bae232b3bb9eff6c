//! How cost grows with rules, arguments and bytes.

use crate::cases::{form, get, json, varied};
use crate::{Ours, Page, Peer, Rules};

/// Measures all three at paranoia level 1.
pub(crate) fn measure(rules: &Rules, ours: &Ours, peer: Option<&Peer>, page: &mut Page) {
    page.curve("rules", "varied requests, median, by the number of rules");
    let files = rules.rule_files().len();
    for part in 1..=4 {
        let file = rules.first(1, files * part / 4);
        let some = Ours::load(&file);
        let theirs = peer.map(|peer| peer.median(&file, &varied()));
        page.point(some.count(), some.median(&varied()), theirs);
    }
    let all = rules.at_level(1);
    page.curve("arguments", "a form, by the number of its arguments of twelve bytes");
    for count in [1, 10, 100, 1000] {
        let arguments: Vec<String> =
            (0..count).map(|index| format!("a{index}=word{index:08}")).collect();
        let requests = [form(&arguments.join("&"))];
        let theirs = peer.filter(|_| count < 1000).map(|peer| peer.median(&all, &requests));
        page.point(count, ours.median(&requests), theirs);
    }
    page.curve("bytes", "a JSON body, by its bytes");
    for pairs in [15, 70, 290, 1160] {
        let requests = [json(pairs)];
        let bytes = requests.iter().map(|request| request.body.len()).sum();
        let theirs = peer.filter(|_| pairs < 1000).map(|peer| peer.median(&all, &requests));
        page.point(bytes, ours.median(&requests), theirs);
    }
    page.curve("bytes of one argument", "a query with one argument of words, by its bytes");
    for words in [1, 16, 64, 256] {
        let requests = [get(&format!("/?q={}", vec!["harmless"; words].join("%20")))];
        let theirs = peer.map(|peer| peer.median(&all, &requests));
        page.point(words * 9, ours.median(&requests), theirs);
    }
}
