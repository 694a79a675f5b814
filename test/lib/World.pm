# World.pm - tenants with one object of every kind each, made over the API
#
#	my %w = World::make();		# {acme => {...}, bolt => ..., suba => ..., subb => ...}
#
# acme and bolt are organizations, suba and subb sub-organizations of acme.  Each has the same
# objects; every name, cell and address of theirs holds its mark, such as "QZacme", and the
# client of each fails the test when an answer shows the mark of somebody who is invisible to
# it.  acme also has a PUBLIC model and connectors, which the sub-organizations may use ("QZpub").
package World;
use strict;
use warnings;
use Api;

our %forbidden = (
	acme => qr/QZbolt/,
	bolt => qr/QZ(acme|suba|subb|pub)/,
	suba => qr/QZ(acme|bolt|subb)/,
	subb => qr/QZ(acme|bolt|suba)/);

sub license_key { q1("SELECT license_key FROM nuvopipe.create_organization('$_[0]')") }

# a client with a token of its own
sub sign_in
{
	my ($world, $identifier, $type) = @_;
	my $nobody = Api::caller_of('nobody', undef);
	my $answer = $nobody->post('/access/token', {license_key => $world->{key}, auth => {identifier => $identifier, type => $type}});
	die "no token for $identifier: $answer->{text}\n" if $answer->{status} != 200;
	return Api::caller_of($identifier, $answer->{json}{access_token}, forbidden => $forbidden{$world->{name}});
}

sub columns { [{key => 'id', label => 'Id', columnType => 'int', validations => [{validate => 'required'}]}, {key => 'name', label => 'Name', columnType => 'string'}] }

sub ftp_configuration
{
	my ($place, %more) = @_;
	return {host => '127.0.0.1', port => $ENV{FTP_PORT}, username => 'pipe', password => 'secret-pw', protocol => 'FTP', tls => 'none', directory_path => $place, %more};
}

# uploads bytes by tus; the id
sub upload
{
	my ($as, $name, $bytes, %more) = @_;
	my $up = $as->post('/upload/', {file_name => $name, size => length $bytes, %more})->data(201);
	my $sent = $as->call('PATCH', "/upload/$up->{id}", content => $bytes,
		headers => {'Content-Type' => 'application/offset+octet-stream', 'Upload-Offset' => 0, 'Tus-Resumable' => '1.0.0'});
	die "upload: $sent->{status} $sent->{text}\n" if $sent->{status} != 204;
	return $up->{id};
}

# waits for the end of an execution, as a client does; the object
sub finished
{
	my ($as, $id) = @_;
	my $e = Api::wait_for("execution $id", sub { my $a = $as->get("/execution/$id"); $a->{json}{data}{status} ne 'PROCESSING' && $a }, 60);
	return $e->{json}{data};
}

our $n = 0;
sub unique { "$_[0] " . ++$n }

# objects of one owner: ids by kind
sub furnish
{
	my ($w) = @_;
	my ($as, $mark) = @$w{qw(as mark)};
	my $o = $w->{ids} = {};
	$o->{tdm} = $as->post('/tdm/', {name => "model $mark", columns => columns(), description => "for $mark", tags => [$mark]})->data(201)->{id};
	$o->{input} = $as->post('/connector/', {name => "manual $mark", type => 'INPUT', node_type => 'MANUAL', configuration => {}})->data(201)->{id};
	$o->{connector} = $as->post('/connector/', {name => "input $mark", type => 'INPUT', node_type => 'FTP',
		configuration => ftp_configuration('in', file_name => 'a.csv')})->data(201)->{id};
	my $event = $as->post('/connector/', {name => "event $mark", type => 'INPUT', node_type => 'HTTP', trigger_type => 'EVENT_BASE', configuration => {}})->data(201);
	@$o{qw(event receiver)} = @$event{qw(id receiver_url)};
	$o->{output} = $as->post('/connector/', {name => "output $mark", type => 'OUTPUT', node_type => 'FTP',
		configuration => ftp_configuration('out', file_name => "$mark.csv")})->data(201)->{id};
	my $p = $as->post('/pipeline/', {name => "pipeline $mark", configuration => {input_connectors => [$o->{input}], output_connectors => [$o->{output}],
		tdm => $o->{tdm}, error_config => {error_threshold => 100}, options => {keep_input => 'always', on_error => 'skip_rows'}}})->data(201);
	@$o{qw(pipeline configuration)} = ($p->{id}, $p->{configuration}{id});
	$o->{scheduled} = $as->post('/pipeline/', {name => "scheduled $mark", configuration => {input_connectors => [$o->{connector}], output_connectors => [$o->{output}],
		tdm => $o->{tdm}, schedule_config => {frequency => 'MONTHLY', starts_on => '2020-01-31T06:00:00Z', time_zone => 'Europe/Berlin'}}})->data(201)->{id};
	$as->post("/pipeline/$o->{scheduled}/schedule/backfill", {from => '2021-01-01T00:00:00Z', to => '2021-02-01T00:00:00Z'})->data(202);
	$o->{trigger} = $as->post('/trigger/', {pipeline => $o->{scheduled}, kind => 'SUCCESS', configuration => {pipeline => $o->{pipeline}}, name => "trigger $mark", status => 'INACTIVE'})->data(201)->{id};
	$o->{upload} = upload($as, "file $mark.csv", "id,name\n1,$mark one\nx$mark,two\n");
	my $started = $as->post('/execution/', {pipeline_id => $o->{pipeline}, input => {upload => $o->{upload}}})->data(201);
	$o->{execution} = $started->[0]{id};
	$o->{preview} = $as->post('/preview/', {source => {upload => $o->{upload}}})->data(201)->{id};
	$o->{download} = undef;
	if (!$w->{is_sub})
	{
		$o->{template} = $as->post('/pipeline-template/', {name => "template $mark", tdm => $o->{tdm}, pipeline_name => "from template $mark"})->data(201)->{id};
		$o->{calendar} = $as->post('/calendar/', {name => "calendar $mark", excluded_dates => ['2099-12-25'], excluded_weekdays => ['SUN']})->data(201)->{id};
		$o->{webhook} = $as->post('/webhook/', {name => "hook $mark", url => "http://127.0.0.1:9/hook/$mark", events => ['EXECUTION_CREATED'], secret => 'webhook-secret',
			status => 'INACTIVE'})->data(201)->{id};
		$as->put("/webhook/$o->{webhook}", {status => 'ACTIVE'})->data(200);
		$o->{outbox} = $as->post("/webhook/$o->{webhook}/test")->data(202)->{id};
		$o->{user} = $as->post('/user/', {email => "member\@$mark.example", first_name => $mark, last_name => 'Member'})->data(201)->{id};
		$o->{sub_organization} = $as->post('/sub-organization/', {name => "sub $mark", identifier => "sub-$mark"})->data(201)->{id};
	}
	$o->{token} = $as->post('/token/', {label => "key $mark"})->{json}{data}{id};
	return $w;
}

sub make
{
	my %w;
	for my $name (qw(acme bolt))
	{
		my $key = license_key($name);
		q1("SELECT nuvopipe.create_user('owner\@$name.example', organization => '$name', first_name => 'Jane', last_name => 'Doe', role => 'OWNER', password => 'a long password')");
		$w{$name} = {name => $name, mark => "QZ$name", key => $key, identifier => "owner\@$name.example", type => 'USER'};
		$w{$name}{as} = sign_in($w{$name}, "owner\@$name.example", 'USER');
	}
	for my $name (qw(suba subb))
	{
		my $sub = $w{acme}{as}->post('/sub-organization/', {name => "Sub $name", identifier => $name})->data(201);
		$w{$name} = {name => $name, mark => "QZ$name", key => $w{acme}{key}, identifier => $name, type => 'SUB_ORG', is_sub => 1, id => $sub->{id}};
		$w{$name}{as} = sign_in($w{$name}, $name, 'SUB_ORG');
	}
	for (values %w)
	{
		my $me = $_->{as}->get('/me')->data(200);
		@$_{qw(principal tenant)} = ($me->{id}, $me->{organization}{id});
	}
	furnish($w{$_}) for qw(acme bolt suba subb);
	my $as = $w{acme}{as};
	my $pub = $w{pub} = {};
	my $public = {level => 'PUBLIC'};
	$pub->{tdm} = $as->post('/tdm/', {name => 'model QZpub', columns => columns(), permissions => $public})->data(201)->{id};
	$pub->{connector} = $as->post('/connector/', {name => 'input QZpub', type => 'INPUT', node_type => 'FTP', permissions => $public,
		configuration => ftp_configuration('in', file_name => 'a.csv')})->data(201)->{id};
	$pub->{output} = $as->post('/connector/', {name => 'output QZpub', type => 'OUTPUT', node_type => 'FTP', permissions => $public,
		configuration => ftp_configuration('out', file_name => 'QZpub.csv')})->data(201)->{id};
	for (qw(acme bolt suba subb)) { $w{$_}{execution} = finished($w{$_}{as}, $w{$_}{ids}{execution}) }
	return %w;
}
1;
