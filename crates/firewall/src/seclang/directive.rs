//! From the words of a line to a sentence.

use super::{
    action::{Action, parse_actions},
    ast::{Directive, Sentence, Setting, Which},
    check::Check,
    ctl::{id_range, mode, on_off},
    hint::nearest,
    place::{Fault, Piece, words},
    target::parse_targets,
};

/// Parses one directive.
pub(crate) fn parse_sentence(line: &Piece) -> Result<Sentence, Fault> {
    let words = words(line)?;
    let Some((name, arguments)) = words.split_first() else {
        return Err(line.fault(0, "expected a directive"));
    };
    let known = NAMES.iter().chain(IGNORED).copied();
    let found = known.clone().find(|known| known.eq_ignore_ascii_case(name.text()));
    let Some(found) = found else {
        let message = format!("unknown directive `{}`", name.text());
        return Err(name.fault(0, message).hint(nearest(name.text(), known)));
    };
    let place = name.start();
    Ok(Sentence { place, directive: Reader { name, found, arguments }.read()? })
}

/// One directive's name and the words after it.
struct Reader<'a> {
    name: &'a Piece,
    found: &'static str,
    arguments: &'a [Piece],
}

impl Reader<'_> {
    fn read(&self) -> Result<Directive, Fault> {
        Ok(match self.found {
            "SecRule" => self.rule()?,
            "SecAction" => Directive::Action(parse_actions(self.only()?)?),
            "SecMarker" => Directive::Marker(self.only()?.text().to_owned()),
            "SecDefaultAction" => Directive::Default(parse_actions(self.only()?)?),
            "SecRuleRemoveById" => Directive::Remove(self.ids()?),
            "SecRuleRemoveByTag" => Directive::Remove(vec![self.tag(0)?]),
            "SecRuleRemoveByMsg" => Directive::Remove(vec![self.msg(0)?]),
            "SecRuleUpdateTargetById" => Directive::UpdateTargets(self.id(0)?, self.targets()?),
            "SecRuleUpdateTargetByTag" => Directive::UpdateTargets(self.tag(0)?, self.targets()?),
            "SecRuleUpdateTargetByMsg" => Directive::UpdateTargets(self.msg(0)?, self.targets()?),
            "SecRuleUpdateActionById" => {
                Directive::UpdateActions(self.id(0)?, parse_actions(self.argument(1)?)?)
            }
            "Include" | "IncludeOptional" => Directive::Include {
                pattern: self.only()?.text().to_owned(),
                optional: self.found == "IncludeOptional",
            },
            name if IGNORED.contains(&name) => Directive::Ignored,
            name => Directive::Setting(self.setting(name)?),
        })
    }

    fn argument(&self, index: usize) -> Result<&Piece, Fault> {
        let missing = || {
            let message = format!("`{}` needs {} argument(s)", self.found, index + 1);
            self.name.fault(0, message)
        };
        self.arguments.get(index).ok_or_else(missing)
    }

    fn at_most(&self, count: usize) -> Result<(), Fault> {
        match self.arguments.get(count) {
            None => Ok(()),
            Some(extra) => Err(extra
                .fault(0, format!("`{}` takes {count} argument(s), found another", self.found))),
        }
    }

    fn only(&self) -> Result<&Piece, Fault> {
        self.at_most(1)?;
        self.argument(0)
    }

    fn rule(&self) -> Result<Directive, Fault> {
        self.at_most(3)?;
        let targets = parse_targets(self.argument(0)?)?;
        let check = Check::parse(self.argument(1)?)?;
        let actions = match self.arguments.get(2) {
            Some(list) => parse_actions(list)?,
            None => Vec::new(),
        };
        Ok(Directive::Rule { targets, check, actions })
    }

    fn id(&self, index: usize) -> Result<Which, Fault> {
        let word = self.argument(index)?;
        let text = word.text().split(':').next().unwrap_or_default();
        let (from, to) = id_range(word, text)?;
        Ok(Which::Ids(from, to))
    }

    fn ids(&self) -> Result<Vec<Which>, Fault> {
        self.argument(0)?;
        let mut ids = Vec::new();
        for word in self.arguments {
            for text in word.text().split([' ', ',']).filter(|text| !text.is_empty()) {
                let (from, to) = id_range(word, text)?;
                ids.push(Which::Ids(from, to));
            }
        }
        Ok(ids)
    }

    fn tag(&self, index: usize) -> Result<Which, Fault> {
        Ok(Which::Tag(self.argument(index)?.text().to_owned()))
    }

    fn msg(&self, index: usize) -> Result<Which, Fault> {
        Ok(Which::Msg(self.argument(index)?.text().to_owned()))
    }

    fn targets(&self) -> Result<Vec<super::target::Target>, Fault> {
        if let Some(third) = self.arguments.get(2) {
            let message = "replacing a target is not supported: exclude one and add the other";
            return Err(third.fault(0, message));
        }
        parse_targets(self.argument(1)?)
    }

    fn setting(&self, name: &str) -> Result<Setting, Fault> {
        if name == "SecResponseBodyMimeType" {
            self.argument(0)?;
            let types = self.arguments.iter().map(|word| word.text().to_ascii_lowercase());
            return Ok(Setting::ResponseBodyMimeTypes(types.collect()));
        }
        if name == "SecResponseBodyMimeTypesClear" {
            self.at_most(0)?;
            return Ok(Setting::ResponseBodyMimeTypes(Vec::new()));
        }
        let word = self.only()?;
        Ok(match name {
            "SecRuleEngine" => Setting::Engine(mode(word)?),
            "SecRequestBodyAccess" => Setting::RequestBodyAccess(on_off(word)?),
            "SecRequestBodyLimit" => Setting::RequestBodyLimit(bytes(word)?),
            "SecRequestBodyNoFilesLimit" => Setting::RequestBodyNoFilesLimit(bytes(word)?),
            "SecRequestBodyJsonDepthLimit" => Setting::RequestBodyJsonDepthLimit(bytes(word)?),
            "SecRequestBodyLimitAction" => Setting::RequestBodyLimitReject(rejects(word)?),
            "SecArgumentsLimit" => Setting::ArgumentsLimit(bytes(word)?),
            "SecArgumentSeparator" => Setting::ArgumentSeparator(separator(word)?),
            "SecResponseBodyAccess" => Setting::ResponseBodyAccess(on_off(word)?),
            "SecResponseBodyLimit" => Setting::ResponseBodyLimit(bytes(word)?),
            _ => Setting::ResponseBodyLimitReject(rejects(word)?),
        })
    }
}

fn bytes(word: &Piece) -> Result<usize, Fault> {
    let message = || format!("expected a number, found `{}`", word.text());
    word.text().parse().map_err(|_| word.fault(0, message()))
}

fn rejects(word: &Piece) -> Result<bool, Fault> {
    match word.text().to_ascii_lowercase().as_str() {
        "reject" => Ok(true),
        "processpartial" => Ok(false),
        other => {
            let message = format!("expected `Reject` or `ProcessPartial`, found `{other}`");
            Err(word.fault(0, message))
        }
    }
}

fn separator(word: &Piece) -> Result<u8, Fault> {
    match word.text().as_bytes() {
        [byte] => Ok(*byte),
        _ => Err(word.fault(0, "expected one character")),
    }
}

/// Whether an action may only stand in a rule, never in `SecDefaultAction`.
pub(crate) const fn is_rule_only(action: &Action) -> bool {
    matches!(
        action,
        Action::Id(_)
            | Action::Chain
            | Action::Skip(_)
            | Action::SkipAfter(_)
            | Action::Msg(_)
            | Action::Block
    )
}

const NAMES: &[&str] = &[
    "Include",
    "IncludeOptional",
    "SecAction",
    "SecArgumentSeparator",
    "SecArgumentsLimit",
    "SecDefaultAction",
    "SecMarker",
    "SecRequestBodyAccess",
    "SecRequestBodyJsonDepthLimit",
    "SecRequestBodyLimit",
    "SecRequestBodyLimitAction",
    "SecRequestBodyNoFilesLimit",
    "SecResponseBodyAccess",
    "SecResponseBodyLimit",
    "SecResponseBodyLimitAction",
    "SecResponseBodyMimeType",
    "SecResponseBodyMimeTypesClear",
    "SecRule",
    "SecRuleEngine",
    "SecRuleRemoveById",
    "SecRuleRemoveByMsg",
    "SecRuleRemoveByTag",
    "SecRuleUpdateActionById",
    "SecRuleUpdateTargetById",
    "SecRuleUpdateTargetByMsg",
    "SecRuleUpdateTargetByTag",
];

/// Logs, files and limits of the server around ModSecurity. They mean nothing here, and rule files
/// written for it must load.
const IGNORED: &[&str] = &[
    "SecAuditEngine",
    "SecAuditLog",
    "SecAuditLog2",
    "SecAuditLogDirMode",
    "SecAuditLogFileMode",
    "SecAuditLogFormat",
    "SecAuditLogParts",
    "SecAuditLogRelevantStatus",
    "SecAuditLogStorageDir",
    "SecAuditLogType",
    "SecCollectionTimeout",
    "SecComponentSignature",
    "SecConnEngine",
    "SecContentInjection",
    "SecCookieFormat",
    "SecCookieV0Separator",
    "SecDataDir",
    "SecDebugLog",
    "SecDebugLogLevel",
    "SecGeoLookupDb",
    "SecGsbLookupDb",
    "SecHashEngine",
    "SecHttpBlKey",
    "SecParseXmlIntoArgs",
    "SecPcreMatchLimit",
    "SecPcreMatchLimitRecursion",
    "SecRequestBodyInMemoryLimit",
    "SecRuleInheritance",
    "SecRulePerfTime",
    "SecRxPreFilter",
    "SecSensorId",
    "SecServerSignature",
    "SecStatusEngine",
    "SecStreamInBodyInspection",
    "SecStreamOutBodyInspection",
    "SecTmpDir",
    "SecTmpSaveUploadedFiles",
    "SecUnicodeMapFile",
    "SecUnicodeCodePage",
    "SecUploadDir",
    "SecUploadFileLimit",
    "SecUploadFileMode",
    "SecUploadKeepFiles",
    "SecWebAppId",
    "SecXmlExternalEntity",
];
