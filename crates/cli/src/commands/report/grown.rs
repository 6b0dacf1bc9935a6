//! What grew since an older core or report, as a part of a report.

use super::{said, titled};
use goheap_report::answer::{Answer, Cell, Section};
use goheap_report::page::Page;

/// What grew that the first sentences name.
const NAMED: usize = 2;

/// What begins the keys of sections of `diff` that a report has of its own too.
const PREFIX: &str = "grown_";

/// Adds what `diff` tells: its sections before the suspects, and a sentence on what grew most. What was told so before of another one goes.
pub(super) fn add(report: &mut Answer, grown: Answer, page: Page) {
    remove(report);
    let sentence =
        grown.sections.iter().find(|section| section.key == "grown").and_then(|section| sentence(section, page));
    let at = report.sections.iter().position(|section| section.key == "suspects").unwrap_or(report.sections.len());
    let mut sections = grown.sections;
    sections.iter_mut().filter(|section| section.key != "grown").for_each(|section| section.key.insert_str(0, PREFIX));
    report.sections.splice(at..at, said(titled(sections, "What grew"), grown.text));
    if let Some(sentence) = sentence {
        let at = report.about.iter().position(|key| key == "suspects").unwrap_or(report.text.len());
        report.text.insert(at, sentence);
        report.about.resize(report.about.len().max(at), String::new());
        report.about.insert(at, "grown".to_owned());
    }
}

/// Takes out what a kept report told of an older one.
fn remove(report: &mut Answer) {
    if let Some(first) = report.sections.iter().position(|section| section.key == "grown") {
        let parts = report.sections[first + 1..].iter().take_while(|section| section.is_part).count();
        report.sections.drain(first..=first + parts);
    }
    report.about.resize(report.text.len(), String::new());
    let mut about = report.about.iter();
    report.text.retain(|_| about.next().is_none_or(|key| key != "grown"));
    report.about.retain(|key| key != "grown");
}

fn sentence(section: &Section, page: Page) -> Option<String> {
    let at = |key: &str| section.columns.iter().position(|column| column.key == key);
    let (before, after, holder) = (at("before")?, at("after")?, at("holder")?);
    let named =
        section.rows.iter().take(NAMED).filter_map(|row| match (row.cell(before), row.cell(after), row.cell(holder)) {
            (Cell::Number(before), Cell::Number(after), Cell::Text(holder)) => {
                Some(format!("{holder} from {} to {}", page.bytes(*before), page.bytes(*after)))
            }
            (Cell::None, Cell::Number(after), Cell::Text(holder)) => {
                Some(format!("{holder} to {}", page.bytes(*after)))
            }
            _ => None,
        });
    let named: Vec<String> = named.collect();
    (!named.is_empty()).then(|| format!("Since the older one most grew {}.", named.join(", then ")))
}
