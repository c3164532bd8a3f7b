using System.Reflection;
using System.Text.RegularExpressions;
using MiniGpt.Model.Layers;
using MiniGpt.Tensors;
using Xunit;

namespace MiniGpt.Tests.Architecture;

/// <summary>
/// The order of the namespaces inside of src/Tensors and src/Model, which are their folders: what stands further left uses nothing that stands further right. The source is read
/// rather than the assembly, because the compiler leaves no trace of constants. A type comes in by a using, of which none is unneeded (IDE0005), or by
/// its qualified name.
/// </summary>
public partial class NamespaceOrderTests
{
    /// <summary>Types in the folder of the assembly itself.</summary>
    private const string Root = "";

    [Theory]
    [InlineData("Tensors", "Memory", "Simd", Root, "Threading", "Storage", "Kernels")]
    [InlineData("Model", Root, "Files", "Tokenizers", "Data", "Layers", "Distribution", "Architectures", "Optimization", "Formats", "Generation", "Tasks", "Training",
        "Explanation", "Lessons")]
    public void A_folder_uses_only_what_stands_below_it(string project, params string[] order)
    {
        string source = Path.Combine(Sources.FindRoot(), "src", project);
        ILookup<string, string> types = TypesByFolder(project);
        Assert.Equal(order.Order(), types.Select(folder => folder.Key).Order());
        Assert.All(Sources.Under(source), file =>
        {
            string code = Sources.WithoutComments(File.ReadAllText(file));
            string folder = FolderOf(Namespace().Match(code).Groups[1].Value, project);
            Assert.Contains(folder, order);
            string[] above = [.. UsedBy(code, project, types, order).Where(used => Array.IndexOf(order, used) > Array.IndexOf(order, folder))];
            Assert.True(above.Length == 0, $"{Path.GetRelativePath(source, file)} uses {string.Join(", ", above)}, which stands above it");
        });
    }

    [Theory]
    [InlineData("using MiniGpt.Model.Training;")]
    [InlineData("using static MiniGpt.Model.Training.TrainingOptions;")]
    [InlineData("using Options = MiniGpt.Model.Training.TrainingOptions;")]
    [InlineData("Training.TrainingOptions options = new();")]
    [InlineData("string name = nameof(MiniGpt.Model.Training.TrainingOptions);")]
    public void The_rule_sees(string code) => Assert.Equal(["Training"], UsedBy(code, "Model", TypesByFolder("Model"), ["Training"]));

    [Theory]
    [InlineData("bool more = Training.Count > 0;")]
    [InlineData("using MiniGpt.Tensors.Memory;")]
    public void The_rule_allows(string code) => Assert.Empty(UsedBy(code, "Model", TypesByFolder("Model"), ["Training"]));

    /// <summary>The folders that code uses, out of some. Types of the root are seen from everywhere without a using.</summary>
    private static IEnumerable<string> UsedBy(string code, string project, ILookup<string, string> types, string[] order) => Usings().Matches(code)
        .Where(match => match.Groups["project"].Value == project).Select(match => match.Groups["folder"].Value)
        .Concat(Qualified().Matches(code)
            .Where(match => types[match.Groups["folder"].Value].Contains(match.Groups["type"].Value)).Select(match => match.Groups["folder"].Value))
        .Concat(types[Root].Any(type => Regex.IsMatch(code, $@"(?<![\w.]){type}\b")) ? [Root] : [])
        .Where(order.Contains).Distinct();

    private static ILookup<string, string> TypesByFolder(string project)
    {
        Assembly assembly = new[] { typeof(Shape), typeof(TransformerConfig) }.Select(type => type.Assembly)
            .Single(assembly => assembly.GetName().Name == $"MiniGpt.{project}");
        return assembly.GetTypes().Where(type => !type.IsNested && type.Namespace?.StartsWith("MiniGpt", StringComparison.Ordinal) == true)
            .ToLookup(type => FolderOf(type.Namespace!, project), type => type.Name.Split('`')[0]);
    }

    private static string FolderOf(string @namespace, string project) => @namespace.Split('.') switch
    {
        ["MiniGpt", string found] when found == project => Root,
        ["MiniGpt", string found, string folder, ..] when found == project => folder,
        _ => @namespace,
    };

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"^(global )?using (static |\w+ = )?MiniGpt\.(?<project>\w+)\.(?<folder>\w+)", RegexOptions.Multiline)]
    private static partial Regex Usings();

    [GeneratedRegex(@"(?<![\w.])(MiniGpt\.)?(\w+\.)?(?<folder>[A-Z]\w+)\.(\w+\.)?(?<type>[A-Z]\w+)")]
    private static partial Regex Qualified();
}
