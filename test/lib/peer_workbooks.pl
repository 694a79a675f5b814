#!/usr/bin/perl
# peer_workbooks.pl FOLDER : the rows of peer_workbooks.py by Excel::Writer::XLSX and, as XLS, by Spreadsheet::WriteExcel
use strict;
use warnings;
use utf8;
use Excel::Writer::XLSX;
use Spreadsheet::WriteExcel;

my $folder = shift;
my @header = qw(id name rich born at clock amount active total label share note);
my @rows = (
	[1, 'Müller & Söhne <GmbH>', ['bold', ' and plain'], '1980-02-29T', '2024-01-02T03:04:05', 'T06:30:00', 12.5, 1, 25, 'done!', 0.125],
	[2, '=1+1', ['日本語', " \x{1F600}"], '1999-12-31T', '2038-01-19T03:14:07', 'T23:59:59', -0.1, 0, -0.2, '  x ', 0.5],
);

sub fill {
	my ($book, $is_xlsx) = @_;
	my $sheet = $book->add_worksheet('Daten ü');
	my ($bold, $date, $moment, $clock, $percent) = map { $book->add_format(%$_) } { bold => 1 }, { num_format => 'dd.mm.yyyy' },
		{ num_format => 'yyyy-mm-dd hh:mm:ss' }, { num_format => 'h:mm:ss' }, { num_format => '0.0%' };
	$sheet->write_string(0, $_, $header[$_], $bold) for 0 .. $#header;
	for my $r (1 .. @rows) {
		my @row = @{ $rows[$r - 1] };
		my $n = $r + 1;
		$sheet->write_number($r, 0, $row[0]);
		$sheet->write_string($r, 1, $row[1]);
		if ($is_xlsx) { $sheet->write_rich_string($r, 2, $bold, @{ $row[2] }) } else { $sheet->write_string($r, 2, join '', @{ $row[2] }) }
		$sheet->write_date_time($r, 3, $row[3], $date);
		$sheet->write_date_time($r, 4, $row[4], $moment);
		$sheet->write_date_time($r, 5, $row[5], $clock);
		$sheet->write_number($r, 6, $row[6]);
		if ($is_xlsx) { $sheet->write_boolean($r, 7, $row[7]) } else { $sheet->write_formula($r, 7, "=G$n>0", undef, $row[7] ? 'TRUE' : 'FALSE') }
		$sheet->write_formula($r, 8, "=2*G$n", undef, $row[8]);
		$sheet->write_formula($r, 9, "=T(B$n)", undef, $row[9]);
		$sheet->write_number($r, 10, $row[10], $percent);
		$sheet->merge_range($r, 11, $r, 12, 'both', $book->add_format(align => 'center')) if $r == 1;
	}
	$sheet->protect('secret');
	$book->add_worksheet('Lists')->hide();
	$book->close;
}

sub write_late {
	my $book = Spreadsheet::WriteExcel->new("$folder/disorder.xls");
	my $sheet = $book->add_worksheet;
	$sheet->write($_, 0, $_ == 0 ? 'id' : $_) for 0 .. 3;
	$sheet->write(1, 1, 'late');
	$book->close;
}

write_late();
for my $early (0, 1) {
	my $name = $folder . '/perl' . ($early ? '_1904' : '');
	my @books = (Excel::Writer::XLSX->new("$name.xlsx"), Spreadsheet::WriteExcel->new("$name.xls"));
	for my $i (0, 1) {
		$books[$i]->set_1904 if $early;
		fill($books[$i], $i == 0);
	}
}
