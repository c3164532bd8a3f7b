using System.Reflection;
using MiniGpt.Autograd;
using MiniGpt.Cluster;
using MiniGpt.Extensions.AI;
using MiniGpt.Model.Layers;
using MiniGpt.Server;
using MiniGpt.Tensors;

namespace MiniGpt.Tests.Architecture;

/// <summary>The assemblies that are packages for other programs, from the bottom.</summary>
internal static class LibraryAssemblies
{
    public static IReadOnlyList<Assembly> All { get; } =
    [
        .. new[] { typeof(Shape), typeof(Tape<>), typeof(TransformerConfig), typeof(ModelServer), typeof(MiniGptChatClient), typeof(MpiRanks) }
            .Select(type => type.Assembly),
    ];

    public static Assembly Named(string name) => All.Single(assembly => assembly.GetName().Name == name);
}
