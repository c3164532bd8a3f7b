using System.CommandLine;
using MiniGpt.Model.Architectures;
using MiniGpt.Model.Layers;
using MiniGpt.Model.Tasks;
using MiniGpt.Model.Training;

namespace MiniGpt.Cli.Options;

/// <summary>The options of train that choose the parts of a model: its architecture, and what differs from it.</summary>
internal sealed class ArchitectureArguments
{
    private readonly List<(Option Option, Func<ParseResult, TrainingOptions, TrainingOptions> Set)> _all = [];

    private readonly Option<string?> _name;

    public ArchitectureArguments()
    {
        _name = OptionFactory.Text("--architecture", string.Join('|', ModelFamily.All.Select(family => family.Name)));
        Add(_name, (options, name) => options.WithArchitecture(name!));
        Add(OptionFactory.Whole("--kv-heads", 1, int.MaxValue), (options, value) => options with { KeyHeads = value });
        Add(OptionFactory.Whole("--head-size", 1, int.MaxValue), (options, value) => options with { HeadSize = value });
        Add(OptionFactory.Choice<NormKind>("--norm"), (options, value) => options with { Norm = value });
        Add(OptionFactory.Choice<NormPlace>("--norm-place"), (options, value) => options with { NormPlace = value });
        Add(OptionFactory.Number("--rope-base"), (options, value) => options with { RotaryBase = value });
        Flag("--gated", options => options with { Gated = true });
        Flag("--qk-norm", options => options with { NormsQueriesAndKeys = true });
        Flag("--no-bias", options => options with { Biases = false });
        Add(OptionFactory.Whole("--window", 1, int.MaxValue), (options, value) => options with { Window = value });
        Flag("--untied-head", options => options with { Head = HeadKind.Own });
    }

    /// <summary>All of them, as they stand in the help.</summary>
    public IEnumerable<Option> All => _all.Select(setting => setting.Option);

    /// <summary>The task that the architecture which was asked for is for.</summary>
    public TaskKind TaskOf(ParseResult arguments) => ModelFamily.All.FirstOrDefault(family => family.Name == arguments.GetValue(_name)) is { } family
        ? TrainingOptions.TaskOf(family.Configure(new ModelSizes(1, 1, 1, 1, 2)).Kind)
        : TaskKind.Next;

    /// <summary>Those that a recurrent network has no use for.</summary>
    public IEnumerable<Option> OfTransformers => All.Where(option => option.Name is not ("--architecture" or "--untied-head"));

    /// <summary>The options of a preset, with what is given on the command line in their place.</summary>
    /// <exception cref="ArgumentException">There is no such architecture.</exception>
    public TrainingOptions Apply(ParseResult arguments, TrainingOptions options) =>
        _all.Aggregate(options, (current, setting) => setting.Set(arguments, current));

    private void Flag(string name, Func<TrainingOptions, TrainingOptions> set) =>
        Add(new Option<bool>(name), (options, value) => value ? set(options) : options);

    private void Add<T>(Option<T> option, Func<TrainingOptions, T, TrainingOptions> set) =>
        _all.Add((option, (arguments, options) => arguments.IsGiven(option) ? set(options, arguments.GetValue(option)!) : options));
}
