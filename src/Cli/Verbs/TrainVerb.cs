using System.CommandLine;
using MiniGpt.Autograd;
using MiniGpt.Cli.Display;
using MiniGpt.Cli.Help;
using MiniGpt.Cli.Options;
using MiniGpt.Cli.Pages;
using MiniGpt.Cli.Speech;
using MiniGpt.Cluster;
using MiniGpt.Model.Data;
using MiniGpt.Model.Distribution;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tokenizers;
using MiniGpt.Model.Training;
using MiniGpt.Tensors.Threading;

namespace MiniGpt.Cli.Verbs;

/// <summary>minigpt train: from text to a model folder.</summary>
internal sealed class TrainVerb : Verb, IHasGroups
{
    private readonly TrainArguments _arguments;

    public TrainVerb()
        : base("train") =>
        _arguments = new TrainArguments(this);

    public IReadOnlyList<(string Heading, IReadOnlyList<string> Names)> Groups => TrainArguments.Groups;

    protected override int Run(ParseResult arguments, CancellationToken cancellationToken)
    {
        try
        {
            using ICollective ranks = _arguments.Join(arguments);
            return Run(arguments, ranks, cancellationToken);
        }
        catch (ClusterException) when (MpiRanks.AnotherSpeaks)
        {
            return 0; // all find the same, and one line is enough
        }
    }

    private int Run(ParseResult arguments, ICollective ranks, CancellationToken cancellationToken)
    {
        try
        {
            TakeThreads(arguments, ranks);
            using TrainPlan plan = RankedPlan.Make(ranks, folder => _arguments.Plan(arguments, ranks, folder, cancellationToken));
            return ranks.Rank == 0 ? Lead(arguments, plan, ranks, cancellationToken) : Follow(plan, ranks, cancellationToken);
        }
        catch (RankFailedException) when (ranks.Rank > 0)
        {
            return 0; // the first rank says why, which a launcher that sees another one fail would not let it
        }
    }

    /// <summary>What every rank but the first does. It says nothing, unless it cannot go on.</summary>
    private int Follow(TrainPlan plan, ICollective ranks, CancellationToken cancellationToken)
    {
        ranks.Reach(() => true); // the first rank takes the folder
        using TrainingFollower<float> follower = plan.Follow(ranks);
        EndInGoodOrder();
        try
        {
            follower.Run(cancellationToken);
            return 0;
        }
        catch (Exception error)
        {
            return EndAll(ranks, error);
        }
    }

    /// <summary>Ends all ranks, which wait for this one and do not hear of its error otherwise.</summary>
    private static int EndAll(ICollective ranks, Exception error)
    {
        string name = ranks is MpiRanks several ? several.Name(ranks.Rank) : $"rank {ranks.Rank}";
        Talk.Say(Messages.Of("error", ("message", $"{name}: {Advice.Of(error)}")));
        ranks.Abort(ExitCode.Failure);
        return ExitCode.Failure;
    }

    /// <summary>Where nothing else was asked for, the processes of a machine share its processors.</summary>
    private static void TakeThreads(ParseResult arguments, ICollective ranks)
    {
        if (ranks is MpiRanks { Size: > 1 } several && arguments.GetValue<int>(ThreadsOption.OptionName) == 0)
            Workers.Count = several.TakeCores();
    }

    private int Lead(ParseResult arguments, TrainPlan plan, ICollective ranks, CancellationToken cancellationToken)
    {
        using RunFolder folder = ranks.Reach(plan.TakeFolder);
        using TrainingRun<float> run = plan.Start(folder, ranks);
        try
        {
            return Lead(arguments, plan, folder, run, ranks, cancellationToken);
        }
        catch (Exception error) when (run.IsOutOfStep)
        {
            return EndAll(ranks, error);
        }
    }

    private int Lead(ParseResult arguments, TrainPlan plan, RunFolder folder, TrainingRun<float> run, ICollective ranks, CancellationToken cancellationToken)
    {
        foreach (string line in plan.Notes.Concat(plan.Data.Warnings))
            Talk.Note(LibraryMessages.Translated(line));
        TrainHeader.Show(plan, run, ranks);

        if (_arguments.Profiles(arguments))
            run.Profile = new Profile();
        EndInGoodOrder();
        TrainingSummary summary = Talk.CanDraw
            ? LiveProgress.Run(Talk.Console, Observed)
            : Observed(new PlainProgress(plan.Options.LogEvery));
        if (run.Profile is not null)
        {
            ProfileTable.Show(ProfileReport.Rows(run.Profile, run.Ceiling));
            if (ranks.Size > 1)
                Talk.Say(ProfileTable.Line(run.ExchangeTimes, run.StepsTaken));
        }
        string? sample = summary.Interrupted ? null : ShowResult(plan, run, summary);
        WriteReport(folder, summary.Step, sample);
        if (summary.Interrupted)
            return SayHowToGoOn(plan, summary);
        SayHowToReadMore(plan);
        return 0;

        TrainingSummary Observed(ITrainingObserver observer)
        {
            using SampleLog samples = new(folder.SamplesPath, observer);
            return run.Run(samples, cancellationToken);
        }
    }

    private static int SayHowToGoOn(TrainPlan plan, TrainingSummary summary)
    {
        string command = $"{ProgramName.Current} train --resume {ProgramName.Quoted(plan.Folder)}";
        Talk.Say(summary.Step < plan.Options.Steps
            ? Messages.Of("end.stopped", ("step", summary.Step), ("steps", plan.Options.Steps), ("command", command))
            : Messages.Of("end.stopped-late", ("step", summary.Step), ("command", command)));
        return ExitCode.Interrupted;
    }

    /// <summary>Says how the run ended, and returns what the model writes now; null where it has no tokenizer.</summary>
    private static string? ShowResult(TrainPlan plan, TrainingRun<float> run, TrainingSummary summary)
    {
        if (summary.SkippedSteps > 0)
            Talk.Say(Messages.Of("end.skipped", ("count", summary.SkippedSteps)));
        Talk.Say(Messages.Of("end.done", ("steps", summary.Step), ("time", Talk.Clock(TimeSpan.FromSeconds(summary.Seconds))),
            ("validation", Talk.Validation(summary.ValidationLoss)), ("folder", plan.Folder)));
        if (plan.Data.Tokenizer is null)
            return null;
        Talk.Say("");
        string sample = run.Sample();
        ShowSample(sample);
        Talk.Say("");
        return sample;
    }

    private static void SayHowToReadMore(TrainPlan plan)
    {
        if (plan.Model.Config.Kind != ModelKind.Decoder && plan.Data.Tokenizer is not null)
        {
            string use = plan.Model.Config.Kind == ModelKind.Translator ? "translate" : "fill";
            string masked = plan.Options is { Data.Count: 0, Text: BundledText.Novel } ? $"吾輩は{WordPieceTokenizer.Mask}である。" : $"The {WordPieceTokenizer.Mask} is here.";
            string text = plan.Model.Config.Kind == ModelKind.Translator ? ProgramName.Quoted(FirstSource(plan)) : $"--text {ProgramName.Quoted(masked)}";
            Talk.Say(Messages.Of("end.use", ("command", $"{ProgramName.Current} {use} --model {ProgramName.Quoted(plan.Folder)} {text}")));
            return;
        }
        string? beginning = plan.Data.Tokenizer is ITokenizer tokenizer ? TextBeginning.Of(plan.Data.Train, tokenizer) : null;
        string ending = plan.Data.Tokenizer is null ? " --ids" : beginning is null ? "" : $" --prompt {ProgramName.Quoted(beginning)}";
        Talk.Say(Messages.Of("end.read-more", ("command", $"{ProgramName.Current} sample --model {ProgramName.Quoted(plan.Folder)}{ending}")));
    }

    /// <summary>A sentence to translate: the first of those that the model is evaluated on, without the mark of a language.</summary>
    private static string FirstSource(TrainPlan plan)
    {
        TokenPairs pairs = plan.Data.Pairs!.Validation ?? plan.Data.Pairs.Train;
        SubwordTokenizer tokenizer = (SubwordTokenizer)plan.Data.SourceTokenizer!;
        return tokenizer.Decode([.. pairs.Sources[0].Where(id => !tokenizer.IsSpecial(id))]).Trim();
    }

    /// <summary>The last sample, and the curves as a page. A run that cannot write them is none the worse for it.</summary>
    private static void WriteReport(RunFolder folder, int step, string? sample)
    {
        if (sample is not null)
            TryWrite(folder.SamplesPath, () => SampleLog.Append(folder.SamplesPath, step, sample));
        if (TryWrite(folder.ReportPath, () => CurvesPage.WriteReport(folder.ReportPath, folder.Path)))
            Talk.Say(Messages.Of("end.curves", ("path", folder.ReportPath)));
    }

    private static bool TryWrite(string path, Action write)
    {
        try
        {
            write();
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            Talk.Note(Messages.Of("not-written", ("path", path), ("reason", LibraryMessages.Translated(error.Message))));
            return false;
        }
    }

    /// <summary>The run is over and saved: that nobody can read the sample does not make it a failure.</summary>
    private static void ShowSample(string text)
    {
        try
        {
            Console.Out.WriteLine(Console.IsOutputRedirected ? text : Visible.Of(text));
        }
        catch (IOException error)
        {
            Talk.Note(error.Message);
        }
    }
}
